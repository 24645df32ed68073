#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/uri.h"
#include "protocol/error.h"
#include "protocol/http_message.h"
#include "services/access/authorizer.h"
#include "storage/object_store.h"

namespace attune {

/// A reply, or the error to answer with.
using S3Reply = std::variant<HttpResponse, AwsError>;

/// What the handlers of S3 need. Thread-safe; what it refers to must outlive it.
struct S3Context {
  ObjectStore& objects;
  const Clock& clock;
  const Authorizer& authorizer;
  std::string region;      ///< Of buckets that are created without one.
  std::string account_id;  ///< Of the owner of everything.
  /// Held from the check of a conditional write to its commit, so that one of two writers with If-None-Match: * loses.
  Mutex conditional_writes{};
};

/// A request whose signature and permission have been checked. A value.
struct S3Request {
  HttpRequestHead head;
  std::string request_id;
  std::string bucket;
  std::string key;
  std::vector<NameAndValue> parameters;
  Caller caller;
  std::string signed_region;
  std::string body;  ///< Empty for streamed uploads.

  /// The first of that name.
  std::optional<std::string_view> Parameter(std::string_view name) const;
  bool HasParameter(std::string_view name) const { return Parameter(name).has_value(); }
  std::optional<std::string_view> Header(std::string_view name) const { return head.headers.Find(name); }
};

/// Which bucket and key a request names. A value.
struct S3Address {
  std::string bucket;  ///< "" for the service itself.
  std::string key;
};

/// Path style ("/bucket/key"), or virtual-host style ("/key") where `host` is "bucket." and one of `domains`, the
/// longest first. InvalidURI where the path cannot be decoded.
std::variant<S3Address, AwsError> ParseS3Address(std::string_view host, std::string_view path,
                                                 const std::vector<std::string>& domains);

/// InvalidBucketName, in S3's words, unless the name keeps S3's rules.
std::optional<AwsError> CheckBucketName(std::string_view bucket);

/// The token of a list that goes on after `name`, and back; nothing for a text that is no such token.
std::string MakeContinuationToken(std::string_view name);
std::optional<std::string> ReadContinuationToken(std::string_view token);

/// An AWS error for what the object store says.
AwsError S3Error(const Status& status);
AwsError NoSuchBucketError(std::string_view bucket);
AwsError NoSuchKeyError(std::string_view key);
AwsError NoSuchUploadError(std::string_view upload_id);
/// For NotFound of a call that names a bucket and a key: which of both is missing. Else as S3Error.
AwsError BucketOrKeyError(const S3Context& context, const S3Request& request, const Status& status);

/// A reply without a body.
HttpResponse S3EmptyResponse(const S3Request& request, int status);

}  // namespace attune
