#pragma once

#include <memory>
#include <string>
#include <string_view>

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

}  // namespace attune
