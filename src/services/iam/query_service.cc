#include "services/iam/query_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/envelope.h"
#include "services/access/credential_store.h"
#include "services/iam/iam_parameters.h"

namespace attune {
namespace {

/// What the form tells of a request that conditions can ask for.
AccessContext Told(const QueryForm& form) {
  AccessContext told;
  if (const auto policy = form.Find("PolicyArn")) told["iam:policyarn"] = {std::string(*policy)};
  for (const auto& tag : form.StructureList("Tags")) {
    AddRequestTags({{std::string(tag.Find("Key").value_or("")), std::string(tag.Find("Value").value_or(""))}}, &told);
  }
  for (const auto& key : form.List("TagKeys")) told["aws:tagkeys"].push_back(key);
  return told;
}

/// None of what does not exist. By the whole ARN: a path may hold ":user/" too.
Tags TagsOf(const IdentityStore& identities, const std::string& arn) {
  if (auto role = identities.FindRoleByArn(arn); role.ok()) return std::move(role->tags);
  if (auto user = identities.FindUserByArn(arn); user.ok()) return std::move(user->tags);
  auto policy = identities.FindPolicy(arn);
  return policy.ok() ? std::move(policy->tags) : Tags();
}

}  // namespace

class QueryService::Exchange final : public ServiceExchange {
 public:
  Exchange(QueryService& service, RoutedRequest request)
      : service_(service), head_(std::move(request.head)), request_id_(std::move(request.request_id)) {}

  std::string_view operation() const override { return operation_ == nullptr ? "" : operation_->name; }
  std::uint64_t body_bytes_max() const override { return kBodyBytesMax; }
  Status OnBody(std::span<const std::byte> part) override {
    if (body_.size() + part.size() > kBodyBytesMax) {
      return LimitExceeded(fmt::format("the body is larger than {} bytes", kBodyBytesMax));
    }
    body_.append(reinterpret_cast<const char*>(part.data()), part.size());
    return {};
  }
  HttpResponse Finish() override {
    const auto& description = service_.description_;
    auto reply = Run();
    if (const auto* error = std::get_if<AwsError>(&reply)) {
      return QueryErrorResponse(*error, description.xml_namespace, request_id_);
    }
    return QueryResponse(operation_->name, description.xml_namespace, std::get<std::string>(reply), request_id_);
  }

 private:
  QueryReply Run() {
    const auto signature = ReadSignature(head_, Protocol::kQuery);
    if (const auto* error = std::get_if<AwsError>(&signature)) return *error;
    const auto verified =
        service_.verifier_.Verify(head_, body_, std::get<RequestSignature>(signature), service_.signatures_);
    if (const auto* error = std::get_if<AwsError>(&verified)) return *error;
    // A GET carries the form in its query.
    auto form = QueryForm::Parse(head_.method == "GET" ? head_.query() : std::string_view(body_));
    if (!form.ok()) return AwsError(aws_error::kValidationError, form.status().message());
    const QueryCall call{.form = std::move(form).value(),
                         .caller = CallerOf(std::get<VerifiedSignature>(verified), head_)};
    const auto found = service_.Find(call.form.action());
    if (const auto* error = std::get_if<AwsError>(&found)) return *error;
    operation_ = std::get<const QueryOperation*>(found);
    if (auto error = service_.CheckAccess(call, *operation_)) return *std::move(error);
    if (auto error = service_.CheckMayWrite(*operation_)) return *std::move(error);
    return operation_->handler(service_.context_, call);
  }

  QueryService& service_;
  const HttpRequestHead head_;
  const std::string request_id_;
  std::string body_;
  const QueryOperation* operation_ = nullptr;
};

QueryService::QueryService(const Description& description, IdentityStore& identities,
                           const CredentialStore& credentials, const Authorizer& authorizer, const Clock& clock,
                           std::function<Status()> may_write)
    : description_(description),
      signatures_{description.name, Protocol::kQuery},
      may_write_(std::move(may_write)),
      context_{.identities = identities, .authorizer = authorizer, .clock = clock},
      verifier_(clock, credentials) {}

std::unique_ptr<ServiceExchange> QueryService::Begin(RoutedRequest request) {
  return std::make_unique<Exchange>(*this, std::move(request));
}

OrAwsError<const QueryOperation*> QueryService::Find(std::string_view action) const {
  for (const auto& operation : description_.operations) {
    if (operation.name == action) return &operation;
  }
  if (action.empty()) return AwsError(aws_error::kMissingAction, "Could not find Action parameter in the request.");
  return AwsError(aws_error::kInvalidAction,
                  fmt::format("Could not find operation {} for version {}", action, description_.version));
}

std::optional<AwsError> QueryService::CheckAccess(const QueryCall& call, const QueryOperation& operation) const {
  if (description_.always_allowed) return std::nullopt;
  const auto& parameter = operation.resource_parameter;
  // Of what does not exist yet, the ARN that it would get.
  const auto new_arn = [&](std::string_view type) {
    return fmt::format("arn:aws:iam::{}:{}{}{}", call.caller.account_id, type, call.form.Find("Path").value_or("/"),
                       call.form.Find(parameter).value_or(""));
  };
  const std::string value(call.form.Find(parameter).value_or(""));
  std::string resource = "*";
  if (parameter == "PolicyArn" && !value.empty()) {
    resource = value;
  } else if (parameter == "RoleName" && !value.empty()) {
    const auto role = context_.identities.FindRole(value);
    resource = role.ok() ? role->arn : new_arn("role");
  } else if (parameter == "PolicyName" && !value.empty()) {
    resource = new_arn("policy");
  } else if (parameter == "UserName") {
    const auto user = context_.identities.FindUser(value);
    // Without a name, users ask about themselves.
    resource = user.ok() ? user->arn : value.empty() ? call.caller.arn : new_arn("user");
  }
  const auto action = fmt::format("{}:{}", description_.name, operation.name);
  const auto may = context_.authorizer.Authorize(
      call.caller, {.action = action, .resource = resource, .context = Told(call.form), .resource_tags = [&] {
                      return TagsOf(context_.identities, resource);
                    }});
  if (may.ok()) return std::nullopt;
  return AwsError(aws_error::kAccessDenied, may.message());
}

std::optional<AwsError> QueryService::CheckMayWrite(const QueryOperation& operation) const {
  // What deletes makes room, and what may no longer be allowed must be taken away at once: both go on.
  constexpr std::string_view kVerbs[] = {"Attach", "Create", "Put", "SetDefault", "Tag"};
  if (std::ranges::none_of(kVerbs, [&](std::string_view verb) { return operation.name.starts_with(verb); })) {
    return std::nullopt;
  }
  const Status may = may_write_();
  return may.ok() ? std::nullopt : std::optional(IamError(may));
}

}  // namespace attune
