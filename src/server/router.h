#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "protocol/http_message.h"
#include "protocol/service.h"

namespace attune {

/// Gives each request to its service; answers /-/health and /-/metrics itself, and every unsigned request with
/// MissingAuthenticationTokenException in the shape of the service that it seems to be for. Counts and times requests.
/// Thread-safe.
class Router final : public HttpHandler {
 public:
  struct Options {
    bool access_log = false;  ///< A line for each request at LogLevel::kDebug.
    /// Pages of these origins may call from a browser: "https://shop.example", or "*" for all.
    std::vector<std::string> cors_origins = {};
  };

  /// `services` and the rest must outlive it.
  Router(std::span<Service* const> services, const Clock& clock, Entropy& entropy, Metrics& metrics, Options options);

  std::unique_ptr<HttpExchange> Begin(HttpRequestHead head) override;

  /// /-/health answers 200 from now on, 503 otherwise.
  void SetReady(bool ready) { ready_ = ready; }

 private:
  class CountedExchange;

  /// The Origin of the request, if its pages may call; "" otherwise.
  std::string AllowedOrigin(const HttpRequestHead& head) const;
  /// Null unless the request is a browser's question whether it may call.
  std::unique_ptr<HttpExchange> BeginPreflight(const HttpRequestHead& head) const;
  std::unique_ptr<HttpExchange> BeginOwn(const HttpRequestHead& head);
  std::unique_ptr<ServiceExchange> BeginService(RoutedRequest request, std::string* service_name);

  // Constant after construction; these synchronise themselves.
  const std::vector<Service*> services_;
  const Clock& clock_;
  Entropy& entropy_;
  Metrics& metrics_;
  const Options options_;
  MetricFamily<Counter>& requests_;
  MetricFamily<Histogram>& seconds_;
  Gauge& in_flight_;
  std::atomic<bool> ready_{false};
};

}  // namespace attune
