#include "server/router.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "base/log.h"
#include "protocol/envelope.h"
#include "protocol/error.h"
#include "server/route.h"

namespace attune {
namespace {

/// As much of a body as is read only to be thrown away, so that the connection can go on.
constexpr std::uint64_t kIgnoredBodyBytesMax = 1 << 20;

/// An answer that does not depend on the body.
class AnswerExchange final : public ServiceExchange {
 public:
  explicit AnswerExchange(HttpResponse response) : response_(std::move(response)) {}

  std::uint64_t body_bytes_max() const override { return std::numeric_limits<std::uint64_t>::max(); }
  Status OnBody(std::span<const std::byte> part) override {
    body_bytes_ += part.size();
    // An empty part asks whether the body should be sent at all.
    if (part.empty() || body_bytes_ > kIgnoredBodyBytesMax) return Cancelled("the answer is known without the body");
    return {};
  }
  HttpResponse Finish() override { return std::move(response_); }
  std::string_view operation() const override { return {}; }

 private:
  HttpResponse response_;
  std::uint64_t body_bytes_ = 0;
};

HttpResponse TextResponse(int status, std::string_view content_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.Add("Content-Type", std::string(content_type));
  response.headers.Add("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

/// What scripts in pages may read besides the body.
constexpr std::string_view kExposedHeaders =
    "date, etag, x-amz-delete-marker, x-amz-id-2, x-amz-request-id, x-amz-version-id, x-amzn-errormessage, "
    "x-amzn-errortype, x-amzn-requestid";
constexpr std::string_view kPreflightSeconds = "86400";

AwsError Unsigned(Protocol protocol) {
  switch (protocol) {
    case Protocol::kAwsJson11:
    case Protocol::kRestJson: return {aws_error::kMissingAuthenticationTokenException, "Missing Authentication Token"};
    case Protocol::kQuery: return {aws_error::kMissingAuthenticationToken, "Request is missing Authentication Token"};
    case Protocol::kRestXml: return {aws_error::kAccessDenied, "Access Denied"};
  }
  return {aws_error::kMissingAuthenticationTokenException, "Missing Authentication Token"};
}

}  // namespace

/// Times and counts what it stands before.
class Router::CountedExchange final : public HttpExchange {
 public:
  CountedExchange(Router& router, std::string service, std::string line, std::string origin,
                  std::unique_ptr<ServiceExchange> exchange)
      : router_(router),
        service_(std::move(service)),
        line_(std::move(line)),
        origin_(std::move(origin)),
        exchange_(std::move(exchange)),
        began_ns_(router.clock_.MonotonicNanoseconds()) {
    router_.in_flight_.Add(1);
  }
  ~CountedExchange() override { router_.in_flight_.Add(-1); }

  std::uint64_t body_bytes_max() const override { return exchange_->body_bytes_max(); }
  Status OnBody(std::span<const std::byte> part) override { return exchange_->OnBody(part); }

  HttpResponse Finish() override {
    HttpResponse response = exchange_->Finish();
    const double seconds = static_cast<double>(router_.clock_.MonotonicNanoseconds() - began_ns_) * 1e-9;
    const std::string_view operation = exchange_->operation();
    const std::string status = std::to_string(response.status);
    router_.requests_.With({service_, operation, status}).Add();
    router_.seconds_.With({service_, operation}).Observe(seconds);
    if (!origin_.empty()) {
      response.headers.Add("Access-Control-Allow-Origin", origin_);
      response.headers.Add("Access-Control-Expose-Headers", std::string(kExposedHeaders));
      response.headers.Add("Vary", "Origin");
    }
    if (router_.options_.access_log) {
      LogLine(LogLevel::kDebug, fmt::format("{} {} {} {} {:.6f} s", line_, service_, operation, status, seconds));
    }
    return response;
  }

 private:
  Router& router_;
  const std::string service_;
  const std::string line_;
  const std::string origin_;
  const std::unique_ptr<ServiceExchange> exchange_;
  const std::int64_t began_ns_;
};

Router::Router(std::span<Service* const> services, const Clock& clock, Entropy& entropy, Metrics& metrics,
               Options options)
    : services_(services.begin(), services.end()),
      clock_(clock),
      entropy_(entropy),
      metrics_(metrics),
      options_(std::move(options)),
      requests_(metrics.Counters("attune_requests_total", "Requests answered, by operation and status.",
                                 {"service", "operation", "status"})),
      seconds_(metrics.Histograms("attune_request_seconds", "From the end of the head to the answer.",
                                  {"service", "operation"})),
      in_flight_(metrics.AddGauge("attune_requests_in_flight", "Requests begun and not answered.")) {}

std::unique_ptr<HttpExchange> Router::Begin(HttpRequestHead head) {
  if (auto own = BeginOwn(head)) return own;
  if (auto preflight = BeginPreflight(head)) return preflight;
  RoutedRequest request{.head = std::move(head), .request_id = entropy_.Uuid()};
  std::string line;
  if (options_.access_log) {
    line = fmt::format("{} {} {} {}", request.request_id, request.head.peer_address, request.head.method,
                       request.head.path());
  }
  std::string origin = AllowedOrigin(request.head);
  std::string service_name;
  auto exchange = BeginService(std::move(request), &service_name);
  return std::make_unique<CountedExchange>(*this, std::move(service_name), std::move(line), std::move(origin),
                                           std::move(exchange));
}

std::string Router::AllowedOrigin(const HttpRequestHead& head) const {
  const auto origin = head.headers.Find("Origin");
  if (!origin) return {};
  for (const std::string& allowed : options_.cors_origins) {
    if (allowed == "*" || allowed == *origin) return std::string(*origin);
  }
  return {};
}

std::unique_ptr<HttpExchange> Router::BeginPreflight(const HttpRequestHead& head) const {
  if (options_.cors_origins.empty() || head.method != "OPTIONS" || !head.headers.Find("Origin") ||
      !head.headers.Find("Access-Control-Request-Method")) {
    return nullptr;
  }
  std::string origin = AllowedOrigin(head);
  if (origin.empty()) {
    return std::make_unique<AnswerExchange>(
        TextResponse(403, "text/plain; charset=utf-8", "pages of this origin may not call; see cors-origins\n"));
  }
  HttpResponse response;
  response.status = 204;
  response.headers.Add("Access-Control-Allow-Origin", std::move(origin));
  response.headers.Add("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE");
  // Signed requests carry headers of many names; each is checked where it matters, so whatever is asked for is allowed.
  if (const auto headers = head.headers.Find("Access-Control-Request-Headers")) {
    response.headers.Add("Access-Control-Allow-Headers", std::string(*headers));
  }
  response.headers.Add("Access-Control-Max-Age", std::string(kPreflightSeconds));
  response.headers.Add("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  return std::make_unique<AnswerExchange>(std::move(response));
}

std::unique_ptr<HttpExchange> Router::BeginOwn(const HttpRequestHead& head) {
  const std::string_view path = head.path();
  if (!path.starts_with("/-/")) return nullptr;
  const bool is_health = path == "/-/health";
  const bool is_metrics = path == "/-/metrics";
  if (!is_health && !is_metrics) return nullptr;
  HttpResponse response;
  if (head.method != "GET" && head.method != "HEAD") {
    response = TextResponse(405, "text/plain; charset=utf-8", "only GET and HEAD\n");
    response.headers.Add("Allow", "GET, HEAD");
  } else if (is_metrics) {
    response = TextResponse(200, "text/plain; version=0.0.4; charset=utf-8", metrics_.ToPrometheusText());
  } else if (ready_) {
    response = TextResponse(200, "text/plain; charset=utf-8", "ready\n");
  } else {
    response = TextResponse(503, "text/plain; charset=utf-8", "starting\n");
  }
  return std::make_unique<AnswerExchange>(std::move(response));
}

std::unique_ptr<ServiceExchange> Router::BeginService(RoutedRequest request, std::string* service_name) {
  *service_name = ServiceName(request.head);
  const Protocol protocol = ProtocolOf(*service_name);
  const auto answer = [&](const AwsError& error) {
    return std::make_unique<AnswerExchange>(protocol == Protocol::kRestXml
                                                ? S3ErrorResponse(error, request.head.path(), request.request_id)
                                                : ErrorResponse(protocol, error, request.request_id));
  };
  const bool is_unsigned = !request.head.headers.Find("Authorization") && SigningName(request.head).empty();
  if (is_unsigned) return answer(Unsigned(protocol));
  for (Service* service : services_) {
    if (service->name() == *service_name) return service->Begin(std::move(request));
  }
  const std::string message = fmt::format("This server does not offer the service {}", *service_name);
  return answer(protocol == Protocol::kRestXml ? AwsError(aws_error::kNotImplemented, message)
                : protocol == Protocol::kQuery ? AwsError(aws_error::kInvalidAction, message)
                                               : AwsError(aws_error::kUnknownOperationException, message));
}

}  // namespace attune
