#include "services/error_mapping.h"

#include "base/check.h"
#include "base/log.h"

namespace attune {

AwsError ToAwsError(const Status& status) {
  switch (status.code()) {
    case Code::kOk: break;
    case Code::kInvalidArgument:
    case Code::kUnimplemented: return {aws_error::kInvalidInputException, status.message()};
    case Code::kNotFound: return {aws_error::kResourceNotFoundException, status.message()};
    case Code::kAlreadyExists: return {aws_error::kResourceAlreadyExistsException, status.message()};
    case Code::kBusy: return {aws_error::kResourceInUseException, status.message()};
    case Code::kLimitExceeded: return {aws_error::kLimitExceededException, status.message()};
    case Code::kInvalidPageToken: return {aws_error::kInvalidNextTokenException, status.message()};
    case Code::kTooManyTags: return {aws_error::kTooManyTagsException, status.message()};
    case Code::kTooManyTagKeys: return {aws_error::kTooManyTagKeysException, status.message()};
    case Code::kPermissionDenied: return {aws_error::kAccessDeniedException, status.message()};
    case Code::kResourceExhausted: return {aws_error::kServiceUnavailable, status.message()};
    case Code::kCorrupt:
    case Code::kIo:
    case Code::kCancelled:
    case Code::kInternal:
      // What went wrong inside is for the log, not for the client.
      LogError("{}", status.ToString());
      return {aws_error::kInternalFailure, "The server could not complete the request; its log says why."};
  }
  ATTUNE_CHECK(false);
}

}  // namespace attune
