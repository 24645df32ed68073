#include "server/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include "base/log.h"
#include "server/response_head.h"

namespace attune {
namespace {

constexpr std::size_t kSmallBufferBytes = 8 << 10;
constexpr std::size_t kBodyBufferBytes = 128 << 10;
constexpr std::size_t kSourcePartBytes = 256 << 10;
/// A pipelining client answers to no more than these before others have their turn.
constexpr int kTurnsMax = 32;

std::int64_t Nanoseconds(std::chrono::milliseconds duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

}  // namespace

std::span<char> InputBuffer::Room(std::size_t capacity) {
  if (empty()) begin_ = end_ = 0;
  if (end_ == storage_.size() && begin_ > 0) {
    std::copy(storage_.begin() + static_cast<std::ptrdiff_t>(begin_), storage_.end(), storage_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == storage_.size()) {
    storage_.resize(std::min(capacity, std::max(kSmallBufferBytes, storage_.size() * 4)));
  }
  if (storage_.size() <= end_) return {};
  return {storage_.data() + end_, storage_.size() - end_};
}

void InputBuffer::Shrink() {
  if (!empty() || storage_.size() <= kSmallBufferBytes) return;
  storage_ = {};
  begin_ = end_ = 0;
}

Connection::Connection(ConnectionContext& context, std::string peer_address, bool is_encrypted)
    : context_(context), peer_address_(std::move(peer_address)), is_encrypted_(is_encrypted) {}

template <class Step>
void Connection::Guarded(Step&& step) {
  try {
    step();
  } catch (const std::exception& error) {  // Memory that is not there, mostly: this client pays for it alone.
    LogError("connection of {} ended: {}", peer_address_, error.what());
    End();
  }
}

void Connection::Begin() {
  Guarded([this] {
    NextRequest();
    WaitForBytes();
  });
}

void Connection::BeginRefusal(HttpRefusal refusal) {
  Guarded([&] { Refuse(refusal); });
}

void Connection::CheckDeadline() {
  if (context_.clock.MonotonicNanoseconds() < deadline_ns_.load()) return;
  expired_ = true;
  const Phase phase = phase_.load();
  // Reads end with "no more", so that the chain can still answer. Writes that do not move have nobody to answer to.
  const bool reading = phase == Phase::kIdle || phase == Phase::kHead || phase == Phase::kBody;
  ShutDown(reading ? Direction::kReceive : Direction::kBoth);
}

void Connection::Drain() {
  const Phase phase = phase_.load();
  if (phase == Phase::kIdle) ShutDown(Direction::kReceive);
  if (phase == Phase::kLinger) ShutDown(Direction::kBoth);
}

void Connection::Cut() { ShutDown(Direction::kBoth); }

void Connection::OnRead(std::size_t bytes) {
  Guarded([&] {
    deadline_ns_ = kNever;
    turns_ = 0;
    context_.bytes_in.Add(bytes);
    if (phase_ == Phase::kLinger) {
      if (bytes == 0 || expired_) return End();
      return Linger();
    }
    if (bytes == 0 || expired_) return EndOfInput();
    input_.Fill(bytes);
    ReadRequests();
  });
}

void Connection::OnTurn() {
  Guarded([this] {
    turns_ = 0;
    ReadRequests();
  });
}

void Connection::ReadRequests() {
  for (;;) {
    // Some clients end a body with a line too many.
    while (!parser_->started() && input_.bytes().starts_with("\r\n")) input_.Use(2);
    if (input_.empty() && !parser_->complete()) return WaitForBytes();
    if (turns_ >= kTurnsMax) return StartTurn();
    const std::int64_t before_ns = context_.clock.MonotonicNanoseconds();
    std::size_t used = 0;
    const auto step = parser_->Put(input_.bytes(), &used);
    input_.Use(used);
    if (parser_->head_done()) transfer_ns_ += context_.clock.MonotonicNanoseconds() - before_ns;
    if (step == RequestParser::Step::kNeedMore) return WaitForBytes();
    if (TakeStep(step) == Flow::kWait) return;
  }
}

Connection::Flow Connection::TakeStep(RequestParser::Step step) {
  phase_ = Phase::kHandling;
  switch (step) {
    case RequestParser::Step::kNeedMore: return Flow::kGoOn;
    case RequestParser::Step::kHead: return BeginExchange();
    case RequestParser::Step::kDone: ++turns_; return Respond(exchange_->Finish());
    case RequestParser::Step::kBodyStopped: close_after_ = true; return Respond(exchange_->Finish());
    case RequestParser::Step::kRefused: return Refuse(parser_->refusal());
  }
  return Flow::kWait;
}

Connection::Flow Connection::BeginExchange() {
  HttpRequestHead head = parser_->TakeHead();
  head.peer_address = peer_address_;
  head.is_encrypted = is_encrypted_;
  exchange_ = context_.handler.Begin(std::move(head));
  if (!exchange_) return Refuse({500, "handler", "the server has no answer"});
  if (parser_->SetExchange(exchange_.get()) == RequestParser::Step::kRefused) return Refuse(parser_->refusal());
  transfer_ns_ = context_.clock.MonotonicNanoseconds();
  // Without a body, too: botocore takes an answer that comes without "100 Continue" for the answer to the next request
  // on the connection as well, whatever that one's is (tests/server/test_http.py).
  if (!parser_->expects_continue()) return Flow::kGoOn;
  if (!exchange_->OnBody({}).ok()) {
    close_after_ = true;
    return Respond(exchange_->Finish());
  }
  if (!input_.empty()) return Flow::kGoOn;  // It did not wait to be told.
  phase_ = Phase::kContinue;
  return Write("HTTP/1.1 100 Continue\r\n\r\n", {});
}

void Connection::WaitForBytes() {
  const bool in_body = parser_->head_done();
  const std::span<char> room =
      input_.Room(in_body ? kBodyBufferBytes : std::max(kSmallBufferBytes, context_.limits.header_bytes_max + 1));
  if (room.empty()) {  // Only what stands before a chunk can be that long without being of use.
    Refuse({400, "syntax", fmt::format("what stands before a chunk is longer than {} bytes", kBodyBufferBytes)});
    return;
  }
  const std::int64_t now_ns = context_.clock.MonotonicNanoseconds();
  if (in_body) {
    SetDeadline(Phase::kBody, TransferDeadline(transfer_ns_, parser_->body_bytes()));
  } else if (parser_->started()) {
    if (transfer_ns_ == 0) transfer_ns_ = now_ns;
    SetDeadline(Phase::kHead, transfer_ns_ + Nanoseconds(context_.limits.header_time_max));
  } else {
    input_.Shrink();
    SetDeadline(Phase::kIdle, now_ns + Nanoseconds(context_.limits.idle_time_max));
    if (context_.draining) ShutDown(Direction::kReceive);  // What has arrived by now is still read.
    return StartRead(input_.Room(kSmallBufferBytes));
  }
  StartRead(room);
}

void Connection::EndOfInput() {
  const Phase phase = phase_;
  exchange_.reset();
  if (phase == Phase::kIdle) return End();
  const bool in_body = phase == Phase::kBody;
  if (!expired_) {
    Refuse({400, "cut_off",
            in_body ? fmt::format("the connection ended within a request's body, after {} bytes", parser_->body_bytes())
                    : "the connection ended within a request's header"});
  } else if (in_body) {
    Refuse({408, "body_time",
            fmt::format("the request's body stalled for http-stall-time-max, {} ms, or came slower than "
                        "http-bytes-per-second-min, {}",
                        context_.limits.stall_time_max.count(), context_.limits.bytes_per_second_min)});
  } else {
    Refuse({408, "header_time",
            fmt::format("the request's header took longer than http-header-time-max, {} ms",
                        context_.limits.header_time_max.count())});
  }
}

Connection::Flow Connection::Refuse(const HttpRefusal& refusal) {
  exchange_.reset();
  close_after_ = true;
  context_.refused.With({refusal.reason}).Add();
  HttpResponse response;
  response.status = refusal.status;
  response.headers.Add("Content-Type", "text/plain; charset=utf-8");
  response.body = refusal.message + "\n";
  return Respond(std::move(response));
}

Connection::Flow Connection::Respond(HttpResponse response) {
  phase_ = Phase::kResponse;
  close_after_ = close_after_ || !parser_ || !parser_->keep_alive() || context_.draining;
  const bool has_body = StatusHasBody(response.status) && !(parser_ && parser_->is_head());
  const std::uint64_t length = response.source ? response.source_bytes : response.body.size();
  head_ =
      ResponseHead(response, response.announced_bytes.value_or(length),
                   close_after_ ? AfterResponse::kClose : AfterResponse::kKeepAlive, context_.clock.UnixMilliseconds());
  body_ = has_body && !response.source ? std::move(response.body) : std::string();
  source_ = std::move(response.source);
  source_left_ = has_body && source_ ? response.source_bytes : 0;
  response_bytes_ = 0;
  transfer_ns_ = context_.clock.MonotonicNanoseconds();
  return Write(head_, body_) == Flow::kGoOn ? AfterWrite() : Flow::kWait;
}

Connection::Flow Connection::Write(std::string_view first, std::string_view second) {
  first_ = first;
  second_ = second;
  const std::size_t written = WriteNow(first, second);
  if (written == first.size() + second.size()) {
    context_.bytes_out.Add(written);
    response_bytes_ += written;
    return Flow::kGoOn;
  }
  SetDeadline(phase_, TransferDeadline(transfer_ns_, response_bytes_));
  if (written > 0) {
    OnWrite(written);
  } else {
    StartWrite(first_, second_);
  }
  return Flow::kWait;
}

void Connection::OnWrite(std::size_t bytes) {
  Guarded([&] {
    if (bytes == 0) return End();
    context_.bytes_out.Add(bytes);
    response_bytes_ += bytes;
    const std::size_t of_first = std::min(bytes, first_.size());
    first_.remove_prefix(of_first);
    second_.remove_prefix(bytes - of_first);
    if (!first_.empty() || !second_.empty()) {
      deadline_ns_ = TransferDeadline(transfer_ns_, response_bytes_);
      return StartWrite(first_, second_);
    }
    deadline_ns_ = kNever;
    turns_ = 0;
    if (phase_ == Phase::kContinue || AfterWrite() == Flow::kGoOn) ReadRequests();
  });
}

Connection::Flow Connection::AfterWrite() {
  if (phase_ == Phase::kContinue) return Flow::kGoOn;
  while (source_left_ > 0) {
    if (SendSource() == Flow::kWait) return Flow::kWait;
  }
  source_.reset();
  exchange_.reset();
  if (close_after_) {
    ShutDown(Direction::kSend);
    linger_until_ns_ = context_.clock.MonotonicNanoseconds() + Nanoseconds(context_.limits.linger_time_max);
    Linger();
    return Flow::kWait;
  }
  NextRequest();
  return Flow::kGoOn;
}

Connection::Flow Connection::SendSource() {
  body_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(source_left_, kSourcePartBytes)));
  const std::int64_t before_ns = context_.clock.MonotonicNanoseconds();
  const auto read = source_->Read(std::as_writable_bytes(std::span(body_)));
  transfer_ns_ += context_.clock.MonotonicNanoseconds() - before_ns;
  if (!read.ok() || *read == 0) {
    LogError("a response to {} was cut off {} bytes before its end: {}", peer_address_, source_left_,
             read.ok() ? "the source ended" : read.status().ToString());
    End();
    return Flow::kWait;
  }
  source_left_ -= *read;
  return Write(std::string_view(body_).substr(0, *read), {});
}

void Connection::Linger() {
  input_ = {};
  SetDeadline(Phase::kLinger, linger_until_ns_);
  StartRead(input_.Room(kSmallBufferBytes));
}

void Connection::End() {
  phase_ = Phase::kEnded;
  exchange_.reset();
  source_.reset();
  ShutDown(Direction::kBoth);
}

void Connection::NextRequest() {
  parser_ = std::make_unique<RequestParser>(context_.limits);
  transfer_ns_ = 0;
  head_.clear();
  body_.clear();
  if (body_.capacity() > kSmallBufferBytes) body_.shrink_to_fit();
}

void Connection::SetDeadline(Phase phase, std::int64_t deadline_ns) {
  phase_ = phase;
  deadline_ns_ = deadline_ns;
}

std::int64_t Connection::TransferDeadline(std::int64_t started_ns, std::uint64_t bytes) const {
  const auto& limits = context_.limits;
  const double earned_s =
      static_cast<double>(bytes) / static_cast<double>(std::max<std::uint64_t>(1, limits.bytes_per_second_min));
  const std::int64_t stalled_ns = context_.clock.MonotonicNanoseconds() + Nanoseconds(limits.stall_time_max);
  const std::int64_t slow_ns =
      started_ns + Nanoseconds(limits.rate_grace) + static_cast<std::int64_t>(std::min(earned_s, 1e9) * 1e9);
  return std::min(stalled_ns, slow_ns);
}

}  // namespace attune
