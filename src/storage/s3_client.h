#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/aws_signature.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"
#include "storage/http_transport.h"

namespace attune {

/// One request to S3: what differs from request to request.
struct S3Call {
  std::string method;
  std::string bucket;                                           ///< "" for the service itself.
  std::string key;                                              ///< As it is, not encoded; "" for the bucket.
  std::vector<std::pair<std::string, std::string>> parameters;  ///< Of the query, not encoded.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;
  /// Beyond so many bytes a reply is refused.
  std::uint64_t reply_bytes_max = std::uint64_t{16} << 20;
};

/// Signs requests to an S3-compatible store, sends them, and sends them again after failures that may pass.
/// Thread-safe.
class S3Client {
 public:
  struct Options {
    std::string host;  ///< "host:port", as the Host header has it.
    std::string region = "us-east-1";
    SigningCredentials credentials;
    int attempts_max = 6;
    std::chrono::milliseconds first_pause{100};  ///< Doubles after every attempt, with jitter.
    std::chrono::milliseconds longest_pause{5'000};
  };
  using Pause = std::function<void(std::chrono::milliseconds)>;

  /// All references must outlive it. `pause` waits; a test does not.
  S3Client(HttpTransport& transport, const Clock& clock, Entropy& entropy, Pause pause, Options options);

  const std::string& region() const { return options_.region; }

  /// The reply once there is one that no further attempt would better: a 2xx, or what the store says is wrong. Io when
  /// every attempt failed.
  Result<HttpReply> Send(const S3Call& request) const;

  /// One attempt, signed; status 500 and higher, 429 and broken transfers are the caller's to try again.
  HttpReply SendOnce(const S3Call& request) const;
  /// Waits before attempt number `attempt` (from 1 on).
  void PauseBefore(int attempt) const;
  int attempts_max() const { return options_.attempts_max; }
  /// From now on every request fails at once with Cancelled, those in flight within about a second: the server stops.
  void Cancel();

  /// Whether the same request may succeed later.
  static bool MayPass(const HttpReply& reply);
  /// The Status for a reply that is not 2xx: NotFound, AlreadyExists, PermissionDenied, …, with S3's code and message.
  static Status ErrorOf(const S3Call& request, const HttpReply& reply);
  /// S3's name of the error in a reply, "NoSuchKey"; "" if there is none.
  static std::string ErrorCodeOf(const HttpReply& reply);

 private:
  // Synchronise themselves.
  HttpTransport& transport_;
  const Clock& clock_;
  Entropy& entropy_;
  // Constant after construction.
  const Pause pause_;
  const Options options_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace attune
