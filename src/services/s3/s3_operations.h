#pragma once

#include <string_view>

#include "services/s3/s3_request.h"

namespace attune {

using S3Handler = S3Reply (*)(S3Context&, const S3Request&);

enum class S3Scope { kService, kBucket, kObject };

/// One operation of S3 and how a request shows that it means it.
struct S3Operation {
  std::string_view name;    ///< "GetObject"
  std::string_view action;  ///< What a policy must allow: "s3:GetObject".
  std::string_view method;
  S3Scope scope;
  std::string_view parameter;  ///< The query parameter that selects it, "" for the plain one.
  std::string_view header;     ///< A header that must be there too, "" for none.
  S3Handler handler;           ///< Null for uploads, whose body streams: PutObject and UploadPart.
};

/// The operation of a request, by method, address, query and headers. MethodNotAllowed, or NotImplemented for a
/// subresource that is known to S3 but not served here.
std::variant<const S3Operation*, AwsError> FindS3Operation(const S3Request& request);

// Handlers, named as AWS names the operations. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html

// bucket_operations.cc
S3Reply ListBuckets(S3Context& context, const S3Request& request);
S3Reply CreateBucket(S3Context& context, const S3Request& request);
S3Reply HeadBucket(S3Context& context, const S3Request& request);
S3Reply DeleteBucket(S3Context& context, const S3Request& request);
S3Reply GetBucketLocation(S3Context& context, const S3Request& request);
S3Reply GetBucketPolicy(S3Context& context, const S3Request& request);
S3Reply PutBucketPolicy(S3Context& context, const S3Request& request);
S3Reply DeleteBucketPolicy(S3Context& context, const S3Request& request);

// bucket_settings.cc: what every bucket and object has although nothing can change it here
S3Reply GetBucketAcl(S3Context& context, const S3Request& request);
S3Reply PutBucketAcl(S3Context& context, const S3Request& request);
S3Reply GetObjectAcl(S3Context& context, const S3Request& request);
S3Reply PutObjectAcl(S3Context& context, const S3Request& request);
S3Reply GetObjectTagging(S3Context& context, const S3Request& request);
S3Reply GetBucketSetting(S3Context& context, const S3Request& request);

// list_operations.cc
S3Reply ListObjects(S3Context& context, const S3Request& request);
S3Reply ListObjectsV2(S3Context& context, const S3Request& request);
S3Reply ListObjectVersions(S3Context& context, const S3Request& request);

// object_operations.cc
S3Reply GetObject(S3Context& context, const S3Request& request);
S3Reply HeadObject(S3Context& context, const S3Request& request);
S3Reply GetObjectAttributes(S3Context& context, const S3Request& request);
S3Reply DeleteObject(S3Context& context, const S3Request& request);
S3Reply DeleteObjects(S3Context& context, const S3Request& request);

// copy_operations.cc
S3Reply CopyObject(S3Context& context, const S3Request& request);
S3Reply UploadPartCopy(S3Context& context, const S3Request& request);

// upload_operations.cc
S3Reply CreateMultipartUpload(S3Context& context, const S3Request& request);
S3Reply CompleteMultipartUpload(S3Context& context, const S3Request& request);
S3Reply AbortMultipartUpload(S3Context& context, const S3Request& request);
S3Reply ListParts(S3Context& context, const S3Request& request);
S3Reply ListMultipartUploads(S3Context& context, const S3Request& request);

/// PutObject and UploadPart: where the body goes.
std::variant<std::unique_ptr<ObjectWriter>, AwsError> BeginUpload(S3Context& context, const S3Request& request);
/// Makes it visible, once the body has been checked.
S3Reply FinishUpload(S3Context& context, const S3Request& request, ObjectWriter& writer);

inline constexpr std::string_view kS3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
/// The owner of everything, as lists show it: 64 hexadecimal digits.
std::string S3OwnerId(const S3Context& context);

}  // namespace attune
