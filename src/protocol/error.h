#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attune {

/// How requests and replies are written on the wire.
enum class Protocol { kAwsJson11, kRestJson, kRestXml, kQuery };

/// A name that clients dispatch on, and its HTTP status. awsJson 1.1 answers every client error of a model with 400
/// where the other protocols tell them apart, so it has a column of its own.
struct ErrorKind {
  std::string_view name;
  int status;
  int aws_json_status;
};

/// An error as a client of AWS sees it. A value.
struct AwsError {
  AwsError(const ErrorKind& error_kind, std::string text) : kind(error_kind), message(std::move(text)) {}

  std::string_view code() const { return kind.name; }
  int status(Protocol protocol) const { return protocol == Protocol::kAwsJson11 ? kind.aws_json_status : kind.status; }

  ErrorKind kind;
  std::string message;
  /// Further elements of an S3 error, in order: ("BucketName", "b").
  std::vector<std::pair<std::string, std::string>> details;
};

// The names: aws_error::kNoSuchBucket. A namespace of their own, since some are also names of our Codes.
namespace aws_error {

// Errors of the models of personalize, personalize-runtime and personalize-events.
inline constexpr ErrorKind kInvalidInputException{"InvalidInputException", 400, 400};
inline constexpr ErrorKind kInvalidNextTokenException{"InvalidNextTokenException", 400, 400};
inline constexpr ErrorKind kLimitExceededException{"LimitExceededException", 409, 400};
inline constexpr ErrorKind kResourceAlreadyExistsException{"ResourceAlreadyExistsException", 409, 400};
inline constexpr ErrorKind kResourceInUseException{"ResourceInUseException", 409, 400};
inline constexpr ErrorKind kResourceNotFoundException{"ResourceNotFoundException", 404, 400};
inline constexpr ErrorKind kTooManyTagKeysException{"TooManyTagKeysException", 400, 400};
inline constexpr ErrorKind kTooManyTagsException{"TooManyTagsException", 400, 400};

// Errors that any operation of a JSON service may answer with.
inline constexpr ErrorKind kAccessDeniedException{"AccessDeniedException", 403, 400};
inline constexpr ErrorKind kExpiredTokenException{"ExpiredTokenException", 403, 400};
inline constexpr ErrorKind kIncompleteSignatureException{"IncompleteSignatureException", 400, 400};
inline constexpr ErrorKind kInternalFailure{"InternalFailure", 500, 500};
inline constexpr ErrorKind kInvalidSignatureException{"InvalidSignatureException", 403, 403};
inline constexpr ErrorKind kMissingAuthenticationTokenException{"MissingAuthenticationTokenException", 403, 403};
inline constexpr ErrorKind kRequestEntityTooLargeException{"RequestEntityTooLargeException", 413, 413};
inline constexpr ErrorKind kRequestExpired{"RequestExpired", 400, 400};
inline constexpr ErrorKind kSerializationException{"SerializationException", 400, 400};
inline constexpr ErrorKind kServiceUnavailable{"ServiceUnavailable", 503, 503};
inline constexpr ErrorKind kThrottlingException{"ThrottlingException", 429, 400};
inline constexpr ErrorKind kUnknownOperationException{"UnknownOperationException", 404, 400};
inline constexpr ErrorKind kUnrecognizedClientException{"UnrecognizedClientException", 403, 400};
inline constexpr ErrorKind kUnsupportedMediaTypeException{"UnsupportedMediaTypeException", 415, 415};
inline constexpr ErrorKind kValidationException{"ValidationException", 400, 400};

// Errors of the Query services, IAM and STS.
inline constexpr ErrorKind kDeleteConflict{"DeleteConflict", 409, 400};
inline constexpr ErrorKind kEntityAlreadyExists{"EntityAlreadyExists", 409, 400};
inline constexpr ErrorKind kIncompleteSignature{"IncompleteSignature", 400, 400};
inline constexpr ErrorKind kInvalidAction{"InvalidAction", 400, 400};
inline constexpr ErrorKind kInvalidClientTokenId{"InvalidClientTokenId", 403, 403};
inline constexpr ErrorKind kInvalidInput{"InvalidInput", 400, 400};
inline constexpr ErrorKind kInvalidParameterValue{"InvalidParameterValue", 400, 400};
inline constexpr ErrorKind kLimitExceeded{"LimitExceeded", 409, 400};
inline constexpr ErrorKind kMalformedPolicyDocument{"MalformedPolicyDocument", 400, 400};
inline constexpr ErrorKind kMissingAction{"MissingAction", 400, 400};
inline constexpr ErrorKind kMissingAuthenticationToken{"MissingAuthenticationToken", 403, 403};
inline constexpr ErrorKind kMissingParameter{"MissingParameter", 400, 400};
inline constexpr ErrorKind kNoSuchEntity{"NoSuchEntity", 404, 400};
inline constexpr ErrorKind kPolicyNotAttachable{"PolicyNotAttachable", 400, 400};
inline constexpr ErrorKind kServiceFailure{"ServiceFailure", 500, 500};
inline constexpr ErrorKind kValidationError{"ValidationError", 400, 400};

// Errors of S3.
inline constexpr ErrorKind kAccessControlListNotSupported{"AccessControlListNotSupported", 400, 400};
inline constexpr ErrorKind kAccessDenied{"AccessDenied", 403, 403};
inline constexpr ErrorKind kAuthorizationHeaderMalformed{"AuthorizationHeaderMalformed", 400, 400};
inline constexpr ErrorKind kAuthorizationQueryParametersError{"AuthorizationQueryParametersError", 400, 400};
inline constexpr ErrorKind kBadDigest{"BadDigest", 400, 400};
inline constexpr ErrorKind kBucketAlreadyExists{"BucketAlreadyExists", 409, 409};
inline constexpr ErrorKind kBucketAlreadyOwnedByYou{"BucketAlreadyOwnedByYou", 409, 409};
inline constexpr ErrorKind kBucketNotEmpty{"BucketNotEmpty", 409, 409};
inline constexpr ErrorKind kEntityTooLarge{"EntityTooLarge", 400, 400};
inline constexpr ErrorKind kEntityTooSmall{"EntityTooSmall", 400, 400};
inline constexpr ErrorKind kExpiredToken{"ExpiredToken", 400, 400};
inline constexpr ErrorKind kIncompleteBody{"IncompleteBody", 400, 400};
inline constexpr ErrorKind kInternalError{"InternalError", 500, 500};
inline constexpr ErrorKind kInvalidAccessKeyId{"InvalidAccessKeyId", 403, 403};
inline constexpr ErrorKind kInvalidArgument{"InvalidArgument", 400, 400};
inline constexpr ErrorKind kInvalidBucketAclWithObjectOwnership{"InvalidBucketAclWithObjectOwnership", 400, 400};
inline constexpr ErrorKind kInvalidBucketName{"InvalidBucketName", 400, 400};
inline constexpr ErrorKind kInvalidDigest{"InvalidDigest", 400, 400};
inline constexpr ErrorKind kInvalidPartOrder{"InvalidPartOrder", 400, 400};
inline constexpr ErrorKind kInvalidPart{"InvalidPart", 400, 400};
inline constexpr ErrorKind kInvalidPartNumber{"InvalidPartNumber", 416, 416};
inline constexpr ErrorKind kInvalidRange{"InvalidRange", 416, 416};
inline constexpr ErrorKind kInvalidRequest{"InvalidRequest", 400, 400};
inline constexpr ErrorKind kInvalidStorageClass{"InvalidStorageClass", 400, 400};
inline constexpr ErrorKind kInvalidURI{"InvalidURI", 400, 400};
inline constexpr ErrorKind kKeyTooLongError{"KeyTooLongError", 400, 400};
inline constexpr ErrorKind kMalformedPolicy{"MalformedPolicy", 400, 400};
inline constexpr ErrorKind kMalformedTrailerError{"MalformedTrailerError", 400, 400};
inline constexpr ErrorKind kMalformedXML{"MalformedXML", 400, 400};
inline constexpr ErrorKind kMetadataTooLarge{"MetadataTooLarge", 400, 400};
inline constexpr ErrorKind kMethodNotAllowed{"MethodNotAllowed", 405, 405};
inline constexpr ErrorKind kMissingContentLength{"MissingContentLength", 411, 411};
inline constexpr ErrorKind kNoSuchBucketPolicy{"NoSuchBucketPolicy", 404, 404};
inline constexpr ErrorKind kNoSuchBucket{"NoSuchBucket", 404, 404};
inline constexpr ErrorKind kNoSuchCORSConfiguration{"NoSuchCORSConfiguration", 404, 404};
inline constexpr ErrorKind kNoSuchKey{"NoSuchKey", 404, 404};
inline constexpr ErrorKind kNoSuchLifecycleConfiguration{"NoSuchLifecycleConfiguration", 404, 404};
inline constexpr ErrorKind kNoSuchTagSet{"NoSuchTagSet", 404, 404};
inline constexpr ErrorKind kNoSuchUpload{"NoSuchUpload", 404, 404};
inline constexpr ErrorKind kNoSuchVersion{"NoSuchVersion", 404, 404};
inline constexpr ErrorKind kNoSuchWebsiteConfiguration{"NoSuchWebsiteConfiguration", 404, 404};
inline constexpr ErrorKind kNotImplemented{"NotImplemented", 501, 501};
inline constexpr ErrorKind kObjectLockConfigurationNotFoundError{"ObjectLockConfigurationNotFoundError", 404, 404};
inline constexpr ErrorKind kPolicyTooLarge{"PolicyTooLarge", 400, 400};
inline constexpr ErrorKind kPreconditionFailed{"PreconditionFailed", 412, 412};
inline constexpr ErrorKind kReplicationConfigurationNotFoundError{"ReplicationConfigurationNotFoundError", 404, 404};
inline constexpr ErrorKind kRequestTimeTooSkewed{"RequestTimeTooSkewed", 403, 403};
inline constexpr ErrorKind kServerSideEncryptionConfigurationNotFoundError{
    "ServerSideEncryptionConfigurationNotFoundError", 404, 404};
inline constexpr ErrorKind kSignatureDoesNotMatch{"SignatureDoesNotMatch", 403, 403};
inline constexpr ErrorKind kSlowDown{"SlowDown", 503, 503};
inline constexpr ErrorKind kXAmzContentSHA256Mismatch{"XAmzContentSHA256Mismatch", 400, 400};

}  // namespace aws_error
}  // namespace attune
