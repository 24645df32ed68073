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

namespace attune {

/// What the router already knows of a request when it gives it to a service.
struct RoutedRequest {
  HttpRequestHead head;
  std::string request_id;  ///< A UUID, to be sent back in the service's own header.
};

/// One exchange of a service, which can say what it turned out to be. One thread at a time.
class ServiceExchange : public HttpExchange {
 public:
  /// For metrics and logs, once Finish has returned: the name of an operation that exists ("PutEvents"), or "" if none
  /// was recognised. Never text of the client's own.
  virtual std::string_view operation() const = 0;
};

/// A service behind the router: it verifies signatures itself. Thread-safe.
class Service {
 public:
  virtual ~Service() = default;
  /// "personalize", "personalize-runtime", "personalize-events", "s3", "iam", "sts".
  virtual std::string_view name() const = 0;
  /// The service in the credential scope of what is signed for it: "personalize" for the first three.
  virtual std::string_view signing_name() const = 0;
  virtual std::unique_ptr<ServiceExchange> Begin(RoutedRequest request) = 0;
};

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
