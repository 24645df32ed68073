#include "services/error_mapping.h"

#include "base/check.h"
#include "base/log.h"

namespace attune {

AwsError ToAwsError(const Status& status) {
  switch (status.code()) {
    case Code::kOk: break;
    case Code::kInvalidArgument:
    case Code::kUnimplemented: return {kInvalidInputException, status.message()};
    case Code::kNotFound: return {kResourceNotFoundException, status.message()};
    case Code::kAlreadyExists: return {kResourceAlreadyExistsException, status.message()};
    case Code::kBusy: return {kResourceInUseException, status.message()};
    case Code::kLimitExceeded: return {kLimitExceededException, status.message()};
    case Code::kInvalidPageToken: return {kInvalidNextTokenException, status.message()};
    case Code::kTooManyTags: return {kTooManyTagsException, status.message()};
    case Code::kTooManyTagKeys: return {kTooManyTagKeysException, status.message()};
    case Code::kPermissionDenied: return {kAccessDeniedException, status.message()};
    case Code::kResourceExhausted: return {kServiceUnavailable, status.message()};
    case Code::kCorrupt:
    case Code::kIo:
    case Code::kCancelled:
    case Code::kInternal:
      // What went wrong inside is for the log, not for the client.
      LogError("{}", status.ToString());
      return {kInternalFailure, "The server could not complete the request; its log says why."};
  }
  ATTUNE_CHECK(false);
}

}  // namespace attune
