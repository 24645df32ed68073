#pragma once

#include <string>
#include <string_view>

#include "protocol/error.h"
#include "protocol/http_message.h"

// What stands around a reply in each protocol: status, content type, request id, security headers, and the form of an
// error. `request_id` is a UUID in the JSON and Query protocols.
namespace attune {

HttpResponse AwsJsonResponse(std::string body, std::string_view request_id);
HttpResponse AwsJsonErrorResponse(const AwsError& error, std::string_view request_id);

HttpResponse RestJsonResponse(std::string body, std::string_view request_id);
HttpResponse RestJsonErrorResponse(const AwsError& error, std::string_view request_id);

/// Status 200 and the headers that every S3 reply has; the body and its content type are the caller's.
HttpResponse S3Response(std::string_view request_id);
HttpResponse S3XmlResponse(std::string xml, std::string_view request_id);
enum class ErrorBody { kSend, kOmit };
/// `resource` is the path that was asked for. A HEAD's error has no body, or clients would read it as the next reply.
HttpResponse S3ErrorResponse(const AwsError& error, std::string_view resource, std::string_view request_id,
                             ErrorBody error_body = ErrorBody::kSend);

/// The namespaces of the Query services' XML.
inline constexpr std::string_view kIamNamespace = "https://iam.amazonaws.com/doc/2010-05-08/";
inline constexpr std::string_view kStsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

/// <{action}Response><{action}Result>{result_xml}</…><ResponseMetadata>…; operations without result pass "" and get no
/// Result element.
HttpResponse QueryResponse(std::string_view action, std::string_view xml_namespace, std::string_view result_xml,
                           std::string_view request_id);
HttpResponse QueryErrorResponse(const AwsError& error, std::string_view xml_namespace, std::string_view request_id);

/// The error in the form of `protocol`, for what fails before a service is reached.
HttpResponse ErrorResponse(Protocol protocol, const AwsError& error, std::string_view request_id);

}  // namespace attune
