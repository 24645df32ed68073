#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "protocol/http_message.h"
#include "protocol/sigv4.h"

namespace attune {

/// Whether the query carries AWSAccessKeyId, Signature and Expires: a presigned URL of signature version 2, which older
/// clients still make for S3.
bool HasSigV2Query(const HttpRequestHead& head);

/// Who signed it. AccessDenied when it has expired, SignatureDoesNotMatch, InvalidAccessKeyId. `domains` as in
/// ParseS3Address: the signature covers the bucket where the host names it.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
OrAwsError<VerifiedSignature> VerifySigV2Query(const HttpRequestHead& head, const std::vector<std::string>& domains,
                                               const CredentialStore& credentials, const Clock& clock);

}  // namespace attune
