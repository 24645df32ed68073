#include "server/json_service.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "protocol/envelope.h"

namespace attune {

bool BodyBudget::Take(std::uint64_t bytes) {
  std::uint64_t taken = taken_.load(std::memory_order_relaxed);
  do {
    if (bytes > bytes_max_ - taken) return false;
  } while (!taken_.compare_exchange_weak(taken, taken + bytes, std::memory_order_relaxed));
  return true;
}

class JsonService::Exchange final : public ServiceExchange {
 public:
  Exchange(JsonService& service, RoutedRequest request) : service_(service), request_(std::move(request)) {}
  ~Exchange() override { service_.budget_.Return(taken_); }

  std::uint64_t body_bytes_max() const override { return service_.body_bytes_max_; }

  Status OnBody(std::span<const std::byte> part) override {
    if (!service_.budget_.Take(part.size())) {
      over_budget_ = true;
      return ResourceExhausted("too many bytes of bodies are held");
    }
    taken_ += part.size();
    body_.append(reinterpret_cast<const char*>(part.data()), part.size());
    return {};
  }

  HttpResponse Finish() override {
    if (over_budget_) {
      return Refuse({aws_error::kServiceUnavailable,
                     fmt::format("Requests being received hold the {} bytes that their bodies may take together",
                                 service_.budget_.bytes_max())});
    }
    const Protocol protocol = service_.info_.protocol;
    auto signature = ReadSignature(request_.head, protocol);
    if (const auto* error = std::get_if<AwsError>(&signature)) return Refuse(*error);
    const SignaturePolicy policy{service_.info_.signing_name, Protocol::kAwsJson11};
    auto verified = service_.verifier_.Verify(request_.head, body_, std::get<RequestSignature>(signature), policy);
    if (const auto* error = std::get_if<AwsError>(&verified)) return Refuse(*error);
    return RunOperation(std::get<VerifiedSignature>(verified));
  }

  std::string_view operation() const override { return operation_; }

 private:
  HttpResponse RunOperation(const VerifiedSignature& signature) {
    const OperationInfo* info = service_.FindOperation(request_.head);
    if (info == nullptr) return Refuse({aws_error::kUnknownOperationException, "The operation is not known"});
    operation_ = info->name;
    const auto operation = service_.operations_.find(info->name);
    if (operation == service_.operations_.end()) {
      return Refuse({aws_error::kUnknownOperationException,
                     fmt::format("This server does not offer the operation {}", info->name)});
    }
    const JsonCall call{.signature = signature, .request_id = request_.request_id, .head = request_.head};
    OperationReply reply = operation->second(call, body_);
    if (reply.error) return Refuse(*reply.error);
    return service_.info_.protocol == Protocol::kAwsJson11
               ? AwsJsonResponse(std::move(reply.body), request_.request_id)
               : RestJsonResponse(std::move(reply.body), request_.request_id);
  }

  HttpResponse Refuse(const AwsError& error) const {
    return ErrorResponse(service_.info_.protocol, error, request_.request_id);
  }

  JsonService& service_;
  const RoutedRequest request_;
  std::string body_;
  std::uint64_t taken_ = 0;
  bool over_budget_ = false;
  std::string_view operation_;
};

JsonService::JsonService(const ServiceInfo& info, JsonOperationTable operations, SigV4Verifier& verifier,
                         BodyBudget& budget, std::uint64_t body_bytes_max)
    : info_(info),
      operations_(std::move(operations)),
      verifier_(verifier),
      budget_(budget),
      body_bytes_max_(body_bytes_max) {}

std::unique_ptr<ServiceExchange> JsonService::Begin(RoutedRequest request) {
  return std::make_unique<Exchange>(*this, std::move(request));
}

const OperationInfo* JsonService::FindOperation(const HttpRequestHead& head) const {
  if (head.method != "POST") return nullptr;
  if (info_.protocol == Protocol::kRestJson) return info_.FindByPath(head.path());
  const auto target = head.headers.Find("X-Amz-Target");
  if (!target) return nullptr;
  const std::size_t dot = target->find('.');
  if (dot == std::string_view::npos || target->substr(0, dot) != info_.target_prefix) return nullptr;
  return info_.FindByName(target->substr(dot + 1));
}

}  // namespace attune
