#include "server/request_parser.h"

#include <fmt/format.h>

#include <limits>
#include <utility>  // Boost 1.74's Asio forgets it.

#include <boost/beast/core/error.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace attune {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Text = beast::string_view;

constexpr std::size_t kMethodBytesMax = 32;
/// Of the request line, besides the target: the method, two blanks, the version and the line's end.
constexpr std::size_t kLineRestBytesMax = kMethodBytesMax + 12;

/// What our callbacks stop the parser with; what it means is in the parser's own members.
http::error Stop() { return http::error::end_of_stream; }

std::string_view View(Text text) { return {text.data(), text.size()}; }

}  // namespace

class RequestParser::Parser final : public http::basic_parser<true> {
 public:
  explicit Parser(const HttpLimits& limits) : limits_(limits) {
    // Ours are checked exactly, below; these keep Beast from stopping first.
    header_limit(static_cast<std::uint32_t>(limits.header_bytes_max + 1));
    body_limit(std::numeric_limits<std::uint64_t>::max());
  }

  Step Put(std::string_view bytes, std::size_t* used) {
    *used = 0;
    if (!refusal_.reason.empty()) return Step::kRefused;
    if (is_done() && head_given_) return Step::kDone;
    beast::error_code error;
    while (*used < bytes.size() && !is_done()) {
      *used += put(boost::asio::const_buffer(bytes.data() + *used, bytes.size() - *used), error);
      if (error || is_header_done() != head_given_) break;
    }
    if (stopped_) return Step::kBodyStopped;
    if (!head_given_) return PutHead(error, *used, bytes.substr(*used));
    if (error && error != http::error::need_more) return Refuse(error);
    return is_done() ? Step::kDone : Step::kNeedMore;
  }

  Step SetExchange(HttpExchange* exchange) {
    exchange_ = exchange;
    body_bytes_max_ = std::min(exchange->body_bytes_max(), limits_.body_bytes_max);
    eager(true);
    return head.content_length && *head.content_length > body_bytes_max_ ? RefuseBody() : Step::kNeedMore;
  }

  HttpRequestHead head;
  bool expects_continue = false;
  bool is_head = false;

  bool head_given() const { return head_given_; }
  std::uint64_t body_bytes() const { return body_bytes_; }
  std::uint64_t header_bytes() const { return header_bytes_; }
  const HttpRefusal& refusal() const { return refusal_; }

 private:
  Step PutHead(beast::error_code error, std::size_t used, std::string_view rest) {
    if (!refusal_.reason.empty()) return Step::kRefused;
    header_bytes_ += used;
    const std::uint64_t seen = is_header_done() ? header_bytes_ : header_bytes_ + rest.size();
    // Beast waits for the end of the header once it has seen a part of it, so the line may be whole already.
    const std::string_view line = rest.substr(0, limits_.target_bytes_max + kLineRestBytesMax);
    if (head.method.empty() && line.size() < rest.size() && line.find('\n') == line.npos) return RefuseTarget();
    if (seen > limits_.header_bytes_max || error == http::error::header_limit) {
      return Refuse(
          431, "header_bytes",
          fmt::format("the request's header is larger than http-header-bytes-max, {} bytes", limits_.header_bytes_max));
    }
    if (error && error != http::error::need_more) return Refuse(error);
    if (!is_header_done()) return Step::kNeedMore;
    head_given_ = true;
    return CheckHead();
  }

  Step CheckHead() {
    const auto encoding = head.headers.Find("Transfer-Encoding");
    if (encoding && (!beast::iequals(Text(encoding->data(), encoding->size()), "chunked") ||
                     head.headers.Count("Transfer-Encoding") != 1)) {
      return Refuse(501, "transfer_encoding", "of the transfer encodings, only 'chunked' alone is understood");
    }
    if (version_ >= 11 && head.headers.Count("Host") != 1) {
      return Refuse(400, "host", "a request of HTTP/1.1 has exactly one Host header");
    }
    if (!TakeOriginOut()) return Refuse(400, "host", "the target names another host than the Host header");
    if (const auto expect = head.headers.Find("Expect"); expect && !expect->empty() && version_ >= 11) {
      if (!beast::iequals(Text(expect->data(), expect->size()), "100-continue")) {
        return Refuse(417, "expect", "the only expectation understood is 100-continue");
      }
      expects_continue = true;
    }
    if (!chunked()) head.content_length = this->content_length().value_or(0);
    return Step::kHead;
  }

  /// "http://host/path", as clients send to proxies, is "/path" of that host (RFC 9112, 3.2.2). False where Host says
  /// otherwise: which of both was signed would be a guess.
  bool TakeOriginOut() {
    const Text target(head.target);
    const std::size_t scheme = beast::iequals(target.substr(0, 7), "http://")    ? 7
                               : beast::iequals(target.substr(0, 8), "https://") ? 8
                                                                                 : 0;
    if (scheme == 0) return true;
    const std::size_t end = std::min(head.target.find_first_of("/?", scheme), head.target.size());
    const std::string host = head.target.substr(scheme, end - scheme);
    const auto named = head.headers.Find("Host").value_or(host);
    if (!beast::iequals(Text(named.data(), named.size()), host)) return false;
    head.target.erase(0, end);
    if (!head.target.starts_with('/')) head.target.insert(0, 1, '/');
    return true;
  }

  Step Refuse(int status, std::string_view reason, std::string message) {
    refusal_ = {status, reason, std::move(message)};
    return Step::kRefused;
  }
  Step Refuse(beast::error_code error) {
    if (!refusal_.reason.empty()) return Step::kRefused;
    return Refuse(400, "syntax", fmt::format("this is not an HTTP/1.1 request: {}", error.message()));
  }
  Step RefuseTarget() {
    return Refuse(
        414, "target_bytes",
        fmt::format("the request's target is longer than http-target-bytes-max, {} bytes", limits_.target_bytes_max));
  }
  Step RefuseBody() {
    const bool of_server = body_bytes_max_ == limits_.body_bytes_max;
    return Refuse(413, "body_bytes",
                  fmt::format("the request's body is larger than {}, {} bytes",
                              of_server ? "http-body-bytes-max" : "this operation takes", body_bytes_max_));
  }

  std::size_t PutBody(Text part, beast::error_code& error) {
    error = {};
    if (part.size() > body_bytes_max_ - body_bytes_) {
      RefuseBody();
      error = Stop();
      return 0;
    }
    body_bytes_ += part.size();
    if (!part.empty() && !exchange_->OnBody(std::as_bytes(std::span(part.data(), part.size()))).ok()) {
      stopped_ = true;
      error = Stop();
    }
    return part.size();
  }

  void on_request_impl(http::verb, Text method, Text target, int version, beast::error_code& error) override {
    error = {};
    head.method.assign(method.data(), method.size());
    is_head = head.method == "HEAD";
    version_ = version;
    if (method.size() > kMethodBytesMax) {
      Refuse(400, "syntax", fmt::format("the request's method is longer than {} bytes", kMethodBytesMax));
      error = Stop();
    } else if (target.size() > limits_.target_bytes_max) {
      RefuseTarget();
      error = Stop();
    } else {
      head.target.assign(target.data(), target.size());
    }
  }
  void on_response_impl(int, Text, int, beast::error_code& error) override { error = Stop(); }
  void on_field_impl(http::field, Text name, Text value, beast::error_code& error) override {
    error = {};
    if (++field_count_ > limits_.header_count_max) {
      Refuse(
          431, "header_count",
          fmt::format("the request has more than http-header-count-max, {} header fields", limits_.header_count_max));
      error = Stop();
    } else if (!head_given_) {  // Trailers count, but nobody here wants them.
      head.headers.Add(std::string(View(name)), std::string(View(value)));
    }
  }
  void on_header_impl(beast::error_code& error) override { error = {}; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code& error) override { error = {}; }
  std::size_t on_body_impl(Text part, beast::error_code& error) override { return PutBody(part, error); }
  void on_chunk_header_impl(std::uint64_t size, Text, beast::error_code& error) override {
    error = {};
    if (size > body_bytes_max_ - body_bytes_) {
      RefuseBody();
      error = Stop();
    }
  }
  std::size_t on_chunk_body_impl(std::uint64_t, Text part, beast::error_code& error) override {
    return PutBody(part, error);
  }
  void on_finish_impl(beast::error_code& error) override { error = {}; }

  const HttpLimits& limits_;
  HttpExchange* exchange_ = nullptr;
  int version_ = 0;
  std::size_t field_count_ = 0;
  std::uint64_t header_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t body_bytes_max_ = 0;
  bool head_given_ = false;
  bool stopped_ = false;
  HttpRefusal refusal_;
};

RequestParser::RequestParser(const HttpLimits& limits) : parser_(std::make_unique<Parser>(limits)) {}
RequestParser::~RequestParser() = default;

RequestParser::Step RequestParser::Put(std::string_view bytes, std::size_t* used) { return parser_->Put(bytes, used); }
HttpRequestHead RequestParser::TakeHead() { return std::move(parser_->head); }
RequestParser::Step RequestParser::SetExchange(HttpExchange* exchange) { return parser_->SetExchange(exchange); }
bool RequestParser::started() const { return parser_->got_some(); }
bool RequestParser::head_done() const { return parser_->head_given(); }
bool RequestParser::complete() const { return parser_->head_given() && parser_->is_done(); }
bool RequestParser::keep_alive() const { return parser_->head_given() && parser_->keep_alive(); }
bool RequestParser::expects_continue() const { return parser_->expects_continue; }
bool RequestParser::is_head() const { return parser_->is_head; }
std::uint64_t RequestParser::body_bytes() const { return parser_->body_bytes(); }
std::optional<std::uint64_t> RequestParser::content_length() const {
  if (!parser_->head_given() || parser_->chunked()) return std::nullopt;
  return parser_->content_length().value_or(0);
}
const HttpRefusal& RequestParser::refusal() const { return parser_->refusal(); }

}  // namespace attune
