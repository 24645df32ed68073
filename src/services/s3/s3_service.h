#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "protocol/service.h"
#include "protocol/sigv4.h"
#include "services/access/authorizer.h"
#include "services/s3/s3_operations.h"

namespace attune {

/// S3 over an ObjectStore: path style and virtual-host style, all signatures of version 4, presigned URLs of version 2
/// too. Uploads stream into the store and become visible only once everything said about them holds. Thread-safe.
class S3Service final : public Service {
 public:
  struct Options {
    std::string region = "us-east-1";
    std::string account_id = "123456789012";
    /// "bucket.<domain>" in the Host header names a bucket. Those of AWS and localhost are always known.
    std::vector<std::string> domains = {};
    /// Asked before everything that adds to the store; its error is the answer. Empty: nobody is asked.
    std::function<Status()> may_write = {};
  };

  /// All must outlive the service.
  S3Service(ObjectStore& objects, const CredentialStore& credentials, const Authorizer& authorizer, const Clock& clock,
            Options options);

  std::string_view name() const override { return "s3"; }
  std::string_view signing_name() const override { return "s3"; }
  std::unique_ptr<ServiceExchange> Begin(RoutedRequest request) override;

  /// XML and policies are held in memory; objects are not.
  static constexpr std::uint64_t kHeldBodyBytesMax = std::uint64_t{4} << 20;

 private:
  struct Admitted {
    S3Request request;
    VerifiedSignature signature;
    const S3Operation* operation = nullptr;
  };
  OrAwsError<VerifiedSignature> Verify(const HttpRequestHead& head);
  /// Everything that can be said before the body comes.
  OrAwsError<Admitted> Admit(RoutedRequest routed);
  /// A PutObject to "bucket.<domain>" looks like a CreateBucket where the domain is not known: refused where the bucket
  /// of that name exists.
  std::optional<AwsError> CheckHostIsNoBucket(const S3Request& request) const;
  std::optional<AwsError> CheckMayWrite(const S3Request& request) const;
  std::optional<AwsError> CheckAccess(const S3Request& request, const S3Operation& operation);

  // Constant after construction.
  const CredentialStore& credentials_;
  const Clock& clock_;
  std::vector<std::string> domains_;
  std::function<Status()> may_write_;
  // Synchronise themselves.
  S3Context context_;
  SigV4Verifier verifier_;
};

}  // namespace attune
