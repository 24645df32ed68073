#pragma once

#include <string>
#include <string_view>

#include "protocol/error.h"
#include "protocol/http_message.h"

namespace attune {

/// The service in the credential scope, from the Authorization header or the X-Amz-Credential parameter; "s3" for the
/// SigV2 forms that S3's older clients still send; "" if the request is unsigned or no scope can be read. Nothing is
/// verified here.
std::string SigningName(const HttpRequestHead& head);

/// Which of "personalize", "personalize-runtime", "personalize-events", "s3", "iam" and "sts" a request is for, or
/// "attune" where it is signed for that and its path begins with /-/.
/// X-Amz-Target decides where it names Personalize; then the credential scope (a bucket may be called "items"); then
/// the path and the form of the body. Without any sign it is "s3", since every path may be one of its keys; a form
/// without scope is "iam", for only its body says more.
std::string_view ServiceName(const HttpRequestHead& head);

/// How that service writes errors.
Protocol ProtocolOf(std::string_view service_name);

}  // namespace attune
