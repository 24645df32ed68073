#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "protocol/error.h"
#include "protocol/http_message.h"
#include "protocol/service.h"

namespace attune {

/// The service in the credential scope, from the Authorization header or the X-Amz-Credential parameter; "s3" for the
/// SigV2 form that presigned URLs of S3 still have; "" if the request is unsigned or the scope cannot be read.
std::string SigningName(const HttpRequestHead& head);

/// Which service a request is for: the credential scope first (a bucket may be called "items"), then X-Amz-Target and
/// the path. A scope of a service that is not here gives its name as it is, "" and no other sign gives "s3", since
/// every path may be one of its keys. An unsigned form body is for "iam" or "sts"; which, only its body says: "iam".
std::string ServiceName(const HttpRequestHead& head);

/// Gives each request to its service; answers /-/health and /-/metrics itself, and every unsigned request with
/// MissingAuthenticationTokenException in the shape of the service that it seems to be for. Counts and times requests.
/// Thread-safe.
class Router final : public HttpHandler {
 public:
  struct Options {
    bool access_log = false;  ///< A line for each request at LogLevel::kDebug.
  };

  /// `services` and the rest must outlive it.
  Router(std::span<Service* const> services, const Clock& clock, Entropy& entropy, Metrics& metrics, Options options);

  std::unique_ptr<HttpExchange> Begin(HttpRequestHead head) override;

  /// /-/health answers 200 from now on, 503 otherwise.
  void SetReady(bool ready) { ready_ = ready; }

 private:
  const std::vector<Service*> services_;
  const Clock& clock_;
  Entropy& entropy_;
  Metrics& metrics_;
  const Options options_;
  std::atomic<bool> ready_{false};
};

}  // namespace attune
