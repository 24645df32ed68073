#include "server/administration_service.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <variant>

#include "base/json.h"
#include "protocol/envelope.h"
#include "services/error_mapping.h"

namespace attune {

class AdministrationService::Exchange final : public ServiceExchange {
 public:
  Exchange(AdministrationService& service, RoutedRequest request) : service_(service), request_(std::move(request)) {}

  std::uint64_t body_bytes_max() const override { return kBodyBytesMax; }
  Status OnBody(std::span<const std::byte> part) override {
    body_.append(reinterpret_cast<const char*>(part.data()), part.size());
    return {};
  }
  std::string_view operation() const override { return operation_; }

  HttpResponse Finish() override {
    const auto signature = ReadSignature(request_.head, Protocol::kRestJson);
    if (const auto* error = std::get_if<AwsError>(&signature)) return Refuse(*error);
    const SignaturePolicy policy{kName, Protocol::kRestJson};
    const auto verified =
        service_.verifier_.Verify(request_.head, body_, std::get<RequestSignature>(signature), policy);
    if (const auto* error = std::get_if<AwsError>(&verified)) return Refuse(*error);
    if (!std::get<VerifiedSignature>(verified).credential.principal_arn.ends_with(":root")) {
      return Refuse({aws_error::kAccessDeniedException, "Only the administrator may do this."});
    }
    if (request_.head.path() != kBackupPath || request_.head.method != "POST") {
      return Refuse({aws_error::kUnknownOperationException, fmt::format("There is POST {} here.", kBackupPath)});
    }
    operation_ = "Backup";
    const auto bytes = RunBackup();
    if (!bytes.ok()) return Refuse(ToAwsError(bytes.status()));
    return RestJsonResponse(fmt::format("{{\"bytes\":{}}}", *bytes), request_.request_id);
  }

 private:
  Result<std::uint64_t> RunBackup() {
    ATTUNE_TRY(const auto document, JsonDocument::Parse(body_));
    std::string_view to;
    if (document.root()["to"].get(to) != simdjson::SUCCESS) {
      return InvalidArgument("'to' must be the path of the folder to make");
    }
    return service_.backup_.Run(std::string(to));
  }

  HttpResponse Refuse(const AwsError& error) const { return RestJsonErrorResponse(error, request_.request_id); }

  AdministrationService& service_;
  const RoutedRequest request_;
  std::string body_;
  std::string_view operation_;
};

std::unique_ptr<ServiceExchange> AdministrationService::Begin(RoutedRequest request) {
  return std::make_unique<Exchange>(*this, std::move(request));
}

}  // namespace attune
