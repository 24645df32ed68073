#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "access/identity_store.h"
#include "base/clock.h"
#include "protocol/query.h"
#include "protocol/service.h"
#include "protocol/sigv4.h"
#include "services/access/authorizer.h"

namespace attune {

/// One call of a Query service, verified. A value.
struct QueryCall {
  QueryForm form;
  Caller caller;
};

/// What the handlers of IAM and STS need. Thread-safe; what it refers to must outlive it.
struct QueryContext {
  IdentityStore& identities;
  const Authorizer& authorizer;
  const Clock& clock;
};

/// The XML inside of the Result element ("" for none), or the error.
using QueryReply = OrAwsError<std::string>;

struct QueryOperation {
  std::string_view name;  ///< "CreateRole"
  /// The parameter that names what a policy's Resource is about: "RoleName", "UserName", "PolicyArn", "PolicyName" of
  /// one that is to be made, or "" for "*".
  std::string_view resource_parameter;
  QueryReply (*handler)(QueryContext&, const QueryCall&);
};

/// A service of the Query protocol: a form in, XML out. Thread-safe.
class QueryService final : public Service {
 public:
  struct Description {
    std::string_view name;  ///< "iam", also of its actions in policies and of its scope.
    std::string_view xml_namespace;
    std::string_view version;  ///< "2010-05-08"
    std::span<const QueryOperation> operations;
    /// Whether its operations decide themselves who may call them.
    bool always_allowed = false;
  };

  /// All must outlive the service. `may_write` is asked before everything that adds to the store; its error is the
  /// answer.
  QueryService(const Description& description, IdentityStore& identities, const CredentialStore& credentials,
               const Authorizer& authorizer, const Clock& clock, std::function<Status()> may_write);

  std::string_view name() const override { return description_.name; }
  std::string_view signing_name() const override { return description_.name; }
  std::unique_ptr<ServiceExchange> Begin(RoutedRequest request) override;

  static constexpr std::uint64_t kBodyBytesMax = 1 << 20;

 private:
  class Exchange;
  OrAwsError<const QueryOperation*> Find(std::string_view action) const;
  std::optional<AwsError> CheckAccess(const QueryCall& call, const QueryOperation& operation) const;
  std::optional<AwsError> CheckMayWrite(const QueryOperation& operation) const;

  // Constant after construction.
  const Description description_;
  const SignaturePolicy signatures_;
  const std::function<Status()> may_write_;
  // Synchronise themselves.
  QueryContext context_;
  SigV4Verifier verifier_;
};

/// IAM and STS, as QueryService::Description.
QueryService::Description IamDescription();
QueryService::Description StsDescription();

}  // namespace attune
