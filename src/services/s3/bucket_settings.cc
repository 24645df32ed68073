#include <array>
#include <string_view>

#include "protocol/envelope.h"
#include "protocol/rest_xml.h"
#include "services/s3/s3_operations.h"

namespace attune {
namespace {

/// What a bucket without any such configuration answers: an XML text, or an error.
struct Setting {
  std::string_view parameter;
  std::string_view element;  ///< The root, "" where there is an error.
  std::string_view inside;
  ErrorKind error = aws_error::kInternalError;
  std::string_view message;
};

constexpr std::array<Setting, 15> kSettings = {{
    {"accelerate", "AccelerateConfiguration", ""},
    {"cors", "", "", aws_error::kNoSuchCORSConfiguration, "The CORS configuration does not exist"},
    {"encryption", "", "", aws_error::kServerSideEncryptionConfigurationNotFoundError,
     "The server side encryption configuration was not found"},
    {"lifecycle", "", "", aws_error::kNoSuchLifecycleConfiguration, "The lifecycle configuration does not exist"},
    {"logging", "BucketLoggingStatus", ""},
    {"notification", "NotificationConfiguration", ""},
    {"object-lock", "", "", aws_error::kObjectLockConfigurationNotFoundError,
     "Object Lock configuration does not exist for this bucket"},
    {"ownershipControls", "OwnershipControls", "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"},
    {"policyStatus", "PolicyStatus", "<IsPublic>FALSE</IsPublic>"},
    {"publicAccessBlock", "PublicAccessBlockConfiguration",
     "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>"
     "<BlockPublicPolicy>false</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>"},
    {"replication", "", "", aws_error::kReplicationConfigurationNotFoundError,
     "The replication configuration was not found"},
    {"requestPayment", "RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>"},
    {"tagging", "", "", aws_error::kNoSuchTagSet, "The TagSet does not exist"},
    {"versioning", "VersioningConfiguration", ""},
    {"website", "", "", aws_error::kNoSuchWebsiteConfiguration,
     "The specified bucket does not have a website configuration"},
}};

HttpResponse XmlOf(const S3Request& request, std::string_view element, std::string_view inside) {
  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin(element, kS3Namespace);
  xml.Raw(inside);
  xml.End();
  return S3XmlResponse(std::move(text), request.request_id);
}

/// The owner may do everything, and nobody else is named.
HttpResponse OwnersAcl(const S3Context& context, const S3Request& request) {
  std::string text;
  XmlWriter xml(&text);
  const auto owner = [&] {
    xml.Element("ID", S3OwnerId(context));
    xml.Element("DisplayName", context.account_id);
  };
  xml.Declaration();
  xml.Begin("AccessControlPolicy", kS3Namespace);
  xml.Begin("Owner");
  owner();
  xml.End();
  xml.Begin("AccessControlList");
  xml.Begin("Grant");
  xml.Raw(R"(<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">)");
  owner();
  xml.Raw("</Grantee>");
  xml.Element("Permission", "FULL_CONTROL");
  xml.End();
  xml.End();
  xml.End();
  return S3XmlResponse(std::move(text), request.request_id);
}

/// Whether the body grants what is so anyway: everything to the owner, and nothing to others.
bool RepeatsOwnersAcl(const S3Context& context, const S3Request& request) {
  const auto document = XmlDocument::Parse(request.body);
  if (!document.ok()) return false;
  const auto list = document->root().Child("AccessControlList");
  if (!list) return false;
  for (const auto& grant : list->Children("Grant")) {
    const auto grantee = grant.Child("Grantee");
    if (!grantee || grantee->ChildText("ID") != S3OwnerId(context)) return false;
    if (grant.ChildText("Permission") != "FULL_CONTROL") return false;
  }
  return true;
}

S3Reply PutAcl(const S3Context& context, const S3Request& request) {
  const auto acl = request.Header("x-amz-acl");
  const bool repeats =
      acl ? *acl == "private" || *acl == "bucket-owner-full-control" : RepeatsOwnersAcl(context, request);
  if (repeats) return S3EmptyResponse(request, 200);
  return AwsError(aws_error::kAccessControlListNotSupported, "The bucket does not allow ACLs");
}

std::optional<AwsError> CheckObject(S3Context& context, const S3Request& request) {
  const auto info = context.objects.FindObject(request.bucket, request.key);
  if (info.ok()) return std::nullopt;
  return BucketOrKeyError(context, request, info.status());
}

}  // namespace

S3Reply GetBucketAcl(S3Context& context, const S3Request& request) { return OwnersAcl(context, request); }

S3Reply PutBucketAcl(S3Context& context, const S3Request& request) { return PutAcl(context, request); }

S3Reply GetObjectAcl(S3Context& context, const S3Request& request) {
  if (auto error = CheckObject(context, request)) return *std::move(error);
  return OwnersAcl(context, request);
}

S3Reply PutObjectAcl(S3Context& context, const S3Request& request) {
  if (auto error = CheckObject(context, request)) return *std::move(error);
  return PutAcl(context, request);
}

S3Reply GetObjectTagging(S3Context& context, const S3Request& request) {
  if (auto error = CheckObject(context, request)) return *std::move(error);
  return XmlOf(request, "Tagging", "<TagSet></TagSet>");
}

S3Reply GetBucketSetting(S3Context&, const S3Request& request) {
  for (const auto& setting : kSettings) {
    if (!request.HasParameter(setting.parameter)) continue;
    if (!setting.element.empty()) return XmlOf(request, setting.element, setting.inside);
    AwsError error(setting.error, std::string(setting.message));
    error.details.emplace_back("BucketName", request.bucket);
    return error;
  }
  return AwsError(aws_error::kNotImplemented, "A parameter you provided implies functionality that is not implemented");
}

}  // namespace attune
