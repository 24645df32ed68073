#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/s3/s3_request.h"

namespace attune {

/// Who asks to do what to which object, as policies see it. A value.
struct S3Deed {
  std::string_view action;  ///< "s3:GetObject"
  std::string_view bucket;  ///< "" for the service itself.
  std::string_view key;     ///< "" for the bucket itself.
};

/// Ok, or PermissionDenied in AWS's words. Conditions can name what the request tells: s3:prefix and its kin, every
/// x-amz- header as s3:x-amz-…, s3:if-match, s3:if-none-match, s3:versionid, s3:authType, s3:signatureversion,
/// s3:signatureAge (milliseconds, of presigned URLs), s3:ResourceAccount; and what is in `more`. `resource_policy` is
/// the text of the bucket's, if it has one.
/// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
Status AuthorizeS3(const S3Context& context, const S3Request& request, const S3Deed& deed,
                   std::optional<std::string> resource_policy, AccessContext more = {});

/// For NotFound of an object: which of bucket and key is missing. Who may not list the bucket does not learn that a key
/// is missing: AccessDenied. Else as S3Error.
AwsError MissingObjectError(const S3Context& context, const S3Request& request, std::string_view bucket,
                            std::string_view key, const Status& status);

/// Some clients put headers that must be signed into the query of a presigned URL: "x-amz-meta-a" and the like, but
/// for those of the signature itself, count as headers of that name unless they are there. Call once the signature has
/// been checked.
void MoveSignedQueryToHeaders(S3Request* request);

}  // namespace attune
