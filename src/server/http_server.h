#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "protocol/http_message.h"

namespace attune {

/// What one client may take from the server. Each has a named answer when it is reached, and a test at its edge in
/// tests/server. A connection that has begun no request ends without an answer.
struct HttpLimits {
  std::size_t target_bytes_max = 16 << 10;  ///< 414
  std::size_t header_bytes_max = 64 << 10;  ///< Request line and header fields. 431
  std::size_t header_count_max = 256;       ///< 431
  /// And no more than the exchange's own limit. 413. More than an object of 5 GiB takes in chunks.
  std::uint64_t body_bytes_max = std::uint64_t{6} << 30;
  std::size_t connections_max = 4096;                 ///< 503
  std::size_t connections_per_peer_max = 1024;        ///< 503
  std::chrono::milliseconds idle_time_max{75'000};    ///< Between requests on a connection: it is closed.
  std::chrono::milliseconds header_time_max{20'000};  ///< From the first byte of a head to its last. 408
  /// Without a byte of a body coming, or of a response going. 408 for a body; a response ends.
  std::chrono::milliseconds stall_time_max{30'000};
  /// On average over a body or response, once `rate_grace` has passed. 408 for a body; a response ends.
  std::uint64_t bytes_per_second_min = 1024;
  std::chrono::milliseconds rate_grace{30'000};
  /// What is still sent after a refusal is thrown away for so long, so that the client reads the refusal.
  std::chrono::milliseconds linger_time_max{2'000};
};

/// A certificate, the chain above it, and its key, as PEM texts.
struct TlsIdentity {
  std::string certificate_pem;
  std::string key_pem;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  ///< An IPv4 or IPv6 address, not a name.
  std::uint16_t port = 0;             ///< 0: any that is free.
  /// Each may be inside a handler that waits for the disk. 0: kThreadsPerCore for each core, at least kThreadsMin.
  std::size_t thread_count = 0;
  HttpLimits limits;
  std::optional<TlsIdentity> tls;                   ///< HTTPS instead of HTTP.
  std::chrono::milliseconds stop_time_max{20'000};  ///< What is in flight may take so long to finish after Stop.
  /// Called by Stop before it cuts off what did not finish: what handlers still wait for should be given up.
  std::function<void()> before_cut;

  static constexpr std::size_t kThreadsPerCore = 4;
  static constexpr std::size_t kThreadsMin = 16;
};

/// HTTP/1.1 on one port: keep-alive, pipelining, Expect: 100-continue, chunked bodies, HEAD. Bodies pass through in
/// parts: memory is bounded by connections, not by bodies. All threads take what is ready from one queue, so a handler
/// that waits for the disk holds up nobody else (docs/decisions/http_threads.md). Thread-safe.
class HttpServer {
 public:
  /// Listens, and answers from now on. `handler`, `clock` and `metrics` must outlive it. IoError if the address cannot
  /// be had; InvalidArgument if it is not an address, or the TLS identity cannot be used.
  static Result<std::unique_ptr<HttpServer>> Start(HttpHandler& handler, const Clock& clock, Metrics& metrics,
                                                   HttpServerOptions options);
  /// Stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;

  /// For connections from now on. InvalidArgument if it cannot be used or the server was started without; then what
  /// was stays.
  Status SetTlsIdentity(const TlsIdentity& identity);

  /// Takes no more connections, ends idle ones, lets requests in flight finish for `stop_time_max`, then cuts them off.
  /// Returns when every thread has ended. Handlers that do not return hold it up.
  void Stop();

 private:
  class Implementation;
  explicit HttpServer(std::unique_ptr<Implementation> implementation);

  const std::unique_ptr<Implementation> implementation_;
};

}  // namespace attune
