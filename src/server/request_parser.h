#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/http_message.h"
#include "server/http_server.h"

namespace attune {

/// Why a request was not passed on, as the client is told. `reason` names it in the metrics: one of a fixed few.
struct HttpRefusal {
  int status = 400;
  std::string_view reason;
  std::string message;
};

/// Parses one HTTP/1.1 request as its bytes arrive and holds it to the limits. One thread at a time.
class RequestParser {
 public:
  /// `limits` must outlive it.
  explicit RequestParser(const HttpLimits& limits);
  ~RequestParser();

  enum class Step {
    kNeedMore,     ///< Everything that is of use was used; call again with the rest and more.
    kHead,         ///< The head is complete: take it, SetExchange, and call again. Once.
    kDone,         ///< The request is complete.
    kBodyStopped,  ///< The exchange wants no more of the body.
    kRefused,      ///< See refusal().
  };
  /// Uses the front of `bytes`, `*used` of them. Body parts go straight to the exchange.
  Step Put(std::string_view bytes, std::size_t* used);

  HttpRequestHead TakeHead();
  /// Receives the body, as long as it is not larger than its own limit and the server's. Must outlive this. Gives
  /// kRefused if the head already announces too much, kNeedMore otherwise.
  Step SetExchange(HttpExchange* exchange);

  bool started() const;    ///< A byte of the request has come.
  bool head_done() const;  ///< Put has given kHead.
  bool complete() const;   ///< Nothing of this request is missing.
  bool keep_alive() const;
  bool expects_continue() const;
  bool is_head() const;  ///< The method is HEAD.
  std::uint64_t body_bytes() const;
  std::optional<std::uint64_t> content_length() const;
  const HttpRefusal& refusal() const;

 private:
  class Parser;
  const std::unique_ptr<Parser> parser_;
};

}  // namespace attune
