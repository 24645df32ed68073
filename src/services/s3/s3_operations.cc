#include "services/s3/s3_operations.h"

#include <fmt/format.h>

#include <array>

#include "base/hash.h"

namespace attune {
namespace {

constexpr auto kService = S3Scope::kService;
constexpr auto kBucket = S3Scope::kBucket;
constexpr auto kObject = S3Scope::kObject;

// The first row that fits counts, so rows with a parameter stand before the plain ones of their method and scope.
constexpr S3Operation kOperations[] = {
    {"ListBuckets", "s3:ListAllMyBuckets", "GET", kService, "", "", &ListBuckets},

    {"GetBucketLocation", "s3:GetBucketLocation", "GET", kBucket, "location", "", &GetBucketLocation},
    {"GetBucketPolicy", "s3:GetBucketPolicy", "GET", kBucket, "policy", "", &GetBucketPolicy},
    {"ListMultipartUploads", "s3:ListBucketMultipartUploads", "GET", kBucket, "uploads", "", &ListMultipartUploads},
    {"ListObjectVersions", "s3:ListBucketVersions", "GET", kBucket, "versions", "", &ListObjectVersions},
    {"GetBucketAcl", "s3:GetBucketAcl", "GET", kBucket, "acl", "", &GetBucketAcl},
    {"GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration", "GET", kBucket, "accelerate", "",
     &GetBucketSetting},
    {"GetBucketCors", "s3:GetBucketCORS", "GET", kBucket, "cors", "", &GetBucketSetting},
    {"GetBucketEncryption", "s3:GetEncryptionConfiguration", "GET", kBucket, "encryption", "", &GetBucketSetting},
    {"GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", "GET", kBucket, "lifecycle", "",
     &GetBucketSetting},
    {"GetBucketLogging", "s3:GetBucketLogging", "GET", kBucket, "logging", "", &GetBucketSetting},
    {"GetBucketNotificationConfiguration", "s3:GetBucketNotification", "GET", kBucket, "notification", "",
     &GetBucketSetting},
    {"GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration", "GET", kBucket, "object-lock", "",
     &GetBucketSetting},
    {"GetBucketOwnershipControls", "s3:GetBucketOwnershipControls", "GET", kBucket, "ownershipControls", "",
     &GetBucketSetting},
    {"GetBucketPolicyStatus", "s3:GetBucketPolicyStatus", "GET", kBucket, "policyStatus", "", &GetBucketSetting},
    {"GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", "GET", kBucket, "publicAccessBlock", "",
     &GetBucketSetting},
    {"GetBucketReplication", "s3:GetReplicationConfiguration", "GET", kBucket, "replication", "", &GetBucketSetting},
    {"GetBucketRequestPayment", "s3:GetBucketRequestPayment", "GET", kBucket, "requestPayment", "", &GetBucketSetting},
    {"GetBucketTagging", "s3:GetBucketTagging", "GET", kBucket, "tagging", "", &GetBucketSetting},
    {"GetBucketVersioning", "s3:GetBucketVersioning", "GET", kBucket, "versioning", "", &GetBucketSetting},
    {"GetBucketWebsite", "s3:GetBucketWebsite", "GET", kBucket, "website", "", &GetBucketSetting},
    {"ListObjectsV2", "s3:ListBucket", "GET", kBucket, "list-type", "", &ListObjectsV2},
    {"ListObjects", "s3:ListBucket", "GET", kBucket, "", "", &ListObjects},
    {"HeadBucket", "s3:ListBucket", "HEAD", kBucket, "", "", &HeadBucket},
    {"PutBucketPolicy", "s3:PutBucketPolicy", "PUT", kBucket, "policy", "", &PutBucketPolicy},
    {"PutBucketAcl", "s3:PutBucketAcl", "PUT", kBucket, "acl", "", &PutBucketAcl},
    {"CreateBucket", "s3:CreateBucket", "PUT", kBucket, "", "", &CreateBucket},
    {"DeleteBucketPolicy", "s3:DeleteBucketPolicy", "DELETE", kBucket, "policy", "", &DeleteBucketPolicy},
    {"DeleteBucket", "s3:DeleteBucket", "DELETE", kBucket, "", "", &DeleteBucket},
    // Which keys it deletes, and so whether it may, its body says.
    {"DeleteObjects", "", "POST", kBucket, "delete", "", &DeleteObjects},

    {"ListParts", "s3:ListMultipartUploadParts", "GET", kObject, "uploadId", "", &ListParts},
    {"GetObjectAcl", "s3:GetObjectAcl", "GET", kObject, "acl", "", &GetObjectAcl},
    {"GetObjectTagging", "s3:GetObjectTagging", "GET", kObject, "tagging", "", &GetObjectTagging},
    {"GetObjectAttributes", "s3:GetObjectAttributes", "GET", kObject, "attributes", "", &GetObjectAttributes},
    {"GetObject", "s3:GetObject", "GET", kObject, "partNumber", "", &GetObject},
    {"GetObject", "s3:GetObject", "GET", kObject, "", "", &GetObject},
    {"HeadObject", "s3:GetObject", "HEAD", kObject, "partNumber", "", &HeadObject},
    {"HeadObject", "s3:GetObject", "HEAD", kObject, "", "", &HeadObject},
    {"UploadPartCopy", "s3:PutObject", "PUT", kObject, "uploadId", "x-amz-copy-source", &UploadPartCopy},
    {"UploadPart", "s3:PutObject", "PUT", kObject, "uploadId", "", nullptr},
    {"PutObjectAcl", "s3:PutObjectAcl", "PUT", kObject, "acl", "", &PutObjectAcl},
    {"CopyObject", "s3:PutObject", "PUT", kObject, "", "x-amz-copy-source", &CopyObject},
    {"PutObject", "s3:PutObject", "PUT", kObject, "", "", nullptr},
    {"AbortMultipartUpload", "s3:AbortMultipartUpload", "DELETE", kObject, "uploadId", "", &AbortMultipartUpload},
    {"DeleteObject", "s3:DeleteObject", "DELETE", kObject, "", "", &DeleteObject},
    {"CreateMultipartUpload", "s3:PutObject", "POST", kObject, "uploads", "", &CreateMultipartUpload},
    {"CompleteMultipartUpload", "s3:PutObject", "POST", kObject, "uploadId", "", &CompleteMultipartUpload},
};

// Query parameters that make another operation of a request. Others, such as prefix, only say more.
constexpr std::string_view kSubresources[] = {
    "accelerate",     "acl",
    "analytics",      "attributes",
    "cors",           "delete",
    "encryption",     "intelligent-tiering",
    "inventory",      "legal-hold",
    "lifecycle",      "location",
    "logging",        "metadataTable",
    "metrics",        "notification",
    "object-lock",    "ownershipControls",
    "partNumber",     "policy",
    "policyStatus",   "publicAccessBlock",
    "renameObject",   "replication",
    "requestPayment", "restore",
    "retention",      "select",
    "session",        "tagging",
    "torrent",        "uploadId",
    "uploads",        "versioning",
    "versions",       "website",
};

S3Scope ScopeOf(const S3Request& request) {
  if (request.bucket.empty()) return kService;
  return request.key.empty() ? kBucket : kObject;
}

/// Conditions that clients may set and that would be passed over: what hangs on them is not done.
struct RefusedCondition {
  std::string_view operation;
  std::string_view header;
};
constexpr RefusedCondition kRefusedConditions[] = {
    {"DeleteObject", "if-match"},
    {"DeleteObject", "x-amz-if-match-last-modified-time"},
    {"DeleteObject", "x-amz-if-match-size"},
    {"CopyObject", "if-match"},
    {"CopyObject", "if-none-match"},
    {"CompleteMultipartUpload", "x-amz-mp-object-size"},
};

AwsError MethodNotAllowed() {
  return {aws_error::kMethodNotAllowed, "The specified method is not allowed against this resource."};
}

}  // namespace

std::variant<const S3Operation*, AwsError> FindS3Operation(const S3Request& request) {
  const auto scope = ScopeOf(request);
  for (const auto& operation : kOperations) {
    if (operation.method != request.head.method || operation.scope != scope) continue;
    if (!operation.parameter.empty() && !request.HasParameter(operation.parameter)) continue;
    if (!operation.header.empty() && !request.Header(operation.header)) continue;
    if (operation.parameter.empty()) {
      // A plain operation must not swallow one that only its subresource tells apart.
      for (const auto& subresource : kSubresources) {
        if (request.HasParameter(subresource)) {
          return AwsError(
              aws_error::kNotImplemented,
              "A parameter you provided implies functionality that is not implemented: " + std::string(subresource));
        }
      }
    }
    for (const auto& refused : kRefusedConditions) {
      if (refused.operation == operation.name && request.Header(refused.header)) {
        return AwsError(aws_error::kNotImplemented,
                        fmt::format("A header you provided implies functionality that is not implemented: {} of {}",
                                    refused.header, refused.operation));
      }
    }
    return &operation;
  }
  return MethodNotAllowed();
}

std::string S3OwnerId(const S3Context& context) {
  return ToHex(Sha256("owner of the buckets of account " + context.account_id));
}

}  // namespace attune
