#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace attune {

/// Header fields in the order of arrival, duplicates kept. Names compare without case. One thread at a time.
class HttpHeaders {
 public:
  using Field = std::pair<std::string, std::string>;

  void Add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// The first field of that name.
  std::optional<std::string_view> Find(std::string_view name) const;
  std::size_t Count(std::string_view name) const;
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

/// What stands before the body. `target` is as it came: percent-encoded path, then "?query" if there is one.
struct HttpRequestHead {
  std::string method;
  std::string target;
  HttpHeaders headers;
  std::string peer_address;                     ///< For logs, and aws:SourceIp.
  bool is_encrypted = false;                    ///< It came over TLS.
  std::optional<std::uint64_t> content_length;  ///< Absent for chunked bodies.

  std::string_view path() const;   ///< The target before '?'.
  std::string_view query() const;  ///< The target after '?', or "".
};

/// Gives a response body in parts. One thread at a time.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Fills the front of `buffer`; 0 means the end. An error ends the connection, since the status line has gone.
  virtual Result<std::size_t> Read(std::span<std::byte> buffer) = 0;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;  ///< Without Content-Length, Date and Connection: the server writes those.
  std::string body;     ///< Used when there is no source.
  std::unique_ptr<BodySource> source;
  std::uint64_t source_bytes = 0;  ///< Exactly what the source will give.
  /// For HEAD: the Content-Length to announce although no body is sent.
  std::optional<std::uint64_t> announced_bytes;
};

/// One request in progress. The server calls OnBody for each part of the (de-chunked) body in order, then Finish once;
/// if the client goes away it destroys the exchange without Finish, and nothing may stay half done.
/// One thread at a time.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  /// The largest body that this exchange takes; the server answers 413 beyond it.
  virtual std::uint64_t body_bytes_max() const = 0;
  /// An error stops the reading; Finish is then called to say what was wrong. For "Expect: 100-continue" it is called
  /// once with an empty part before the client is told to go on: an error there refuses the body unsent.
  virtual Status OnBody(std::span<const std::byte> part) = 0;
  virtual HttpResponse Finish() = 0;
};

/// Thread-safe.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Called when the head is complete, before "100 Continue" is sent.
  virtual std::unique_ptr<HttpExchange> Begin(HttpRequestHead head) = 0;
};

}  // namespace attune
