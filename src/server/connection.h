#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/http_server.h"
#include "server/request_parser.h"

namespace attune {

/// What all connections of a server share. Thread-safe.
struct ConnectionContext {
  HttpHandler& handler;
  const Clock& clock;
  const HttpLimits limits;
  std::atomic<bool> draining{false};  ///< The server stops: no request is begun after the ones that are there.
  MetricFamily<Counter>& refused;     ///< By reason.
  Counter& bytes_in;
  Counter& bytes_out;
};

/// Bytes that have come and were not used yet. One thread at a time.
class InputBuffer {
 public:
  bool empty() const { return begin_ == end_; }
  std::string_view bytes() const { return {storage_.data() + begin_, end_ - begin_}; }
  void Use(std::size_t count) { begin_ += count; }
  /// Room for more, when `capacity` bytes are to be held at most; empty if so many are held.
  std::span<char> Room(std::size_t capacity);
  void Fill(std::size_t count) { end_ += count; }
  /// Gives back memory that one large request took.
  void Shrink();

 private:
  std::vector<char> storage_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// One client's requests, one after the other. It is a chain: each step runs on some thread and ends by starting at
/// most one read or write, whose completion is the next step. Steps never overlap; the public functions from
/// CheckDeadline on are thread-safe. What moves the bytes is left to those who derive from it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `context` must outlive it.
  Connection(ConnectionContext& context, std::string peer_address, bool is_encrypted);
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// The first step: reads requests.
  void Begin();
  /// The first step for a client that there is no room for.
  void BeginRefusal(HttpRefusal refusal);

  /// Ends what has waited too long.
  void CheckDeadline();
  /// The server stops: ends it if it is between requests.
  void Drain();
  /// Ends it, whatever it does.
  void Cut();

  const std::string& peer_address() const { return peer_address_; }

 protected:
  enum class Direction { kReceive, kSend, kBoth };

  // For those who move the bytes. The first three start nothing when they can be done at once.
  /// Calls OnRead from another step.
  virtual void StartRead(std::span<char> room) = 0;
  /// Writes some of both, then calls OnWrite from another step.
  virtual void StartWrite(std::string_view first, std::string_view second) = 0;
  /// Writes what can be written without waiting; gives how much that was, perhaps 0.
  virtual std::size_t WriteNow(std::string_view first, std::string_view second) = 0;
  /// Calls OnTurn from another step.
  virtual void StartTurn() = 0;
  /// Thread-safe: what is under way in that direction ends soon.
  virtual void ShutDown(Direction direction) = 0;

  /// 0: the client sends no more, or the connection is broken.
  void OnRead(std::size_t bytes);
  /// 0: the connection is broken.
  void OnWrite(std::size_t bytes);
  void OnTurn();

 private:
  enum class Phase { kIdle, kHead, kBody, kHandling, kContinue, kResponse, kLinger, kEnded };
  enum class Flow { kGoOn, kWait };

  template <class Step>
  void Guarded(Step&& step);
  void ReadRequests();
  Flow TakeStep(RequestParser::Step step);
  Flow BeginExchange();
  void WaitForBytes();
  void EndOfInput();
  Flow Respond(HttpResponse response);
  Flow Refuse(const HttpRefusal& refusal);
  /// Writes both; kGoOn if that is done already, kWait if OnWrite goes on with it.
  Flow Write(std::string_view first, std::string_view second);
  Flow AfterWrite();
  Flow SendSource();
  void Linger();
  void End();
  void NextRequest();
  void SetDeadline(Phase phase, std::int64_t deadline_ns);
  std::int64_t TransferDeadline(std::int64_t started_ns, std::uint64_t bytes) const;

  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // Constant after construction.
  ConnectionContext& context_;
  const std::string peer_address_;
  const bool is_encrypted_;
  // Synchronise themselves.
  std::atomic<Phase> phase_{Phase::kIdle};
  std::atomic<std::int64_t> deadline_ns_{kNever};
  std::atomic<bool> expired_{false};
  // Of the chain.
  InputBuffer input_;
  std::unique_ptr<RequestParser> parser_;
  std::unique_ptr<HttpExchange> exchange_;
  bool close_after_ = false;
  int turns_ = 0;  // Requests answered since the last wait.
  std::int64_t linger_until_ns_ = 0;
  std::int64_t transfer_ns_ = 0;     // When the body or response began, moved on by the handler's own time.
  std::string head_;                 // Being written, as is
  std::string body_;                 // this,
  std::string_view first_, second_;  // of which these are left.
  std::unique_ptr<BodySource> source_;
  std::uint64_t source_left_ = 0;
  std::uint64_t response_bytes_ = 0;
};

}  // namespace attune
