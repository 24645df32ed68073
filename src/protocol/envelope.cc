#include "protocol/envelope.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "protocol/rest_xml.h"

namespace attune {
namespace {

constexpr std::string_view kAwsJsonType = "application/x-amz-json-1.1";
constexpr std::string_view kRestJsonType = "application/json";

HttpResponse WithSecurityHeaders(int status) {
  HttpResponse response;
  response.status = status;
  response.headers.Add("strict-transport-security", "max-age=47304000; includeSubDomains");
  response.headers.Add("x-frame-options", "DENY");
  response.headers.Add("cache-control", "no-cache");
  response.headers.Add("x-content-type-options", "nosniff");
  return response;
}

HttpResponse JsonResponse(int status, std::string_view content_type, std::string body, std::string_view request_id) {
  HttpResponse response = WithSecurityHeaders(status);
  response.headers.Add("x-amzn-requestid", std::string(request_id));
  response.headers.Add("content-type", std::string(content_type));
  response.body = std::move(body);
  return response;
}

HttpResponse JsonErrorResponse(Protocol protocol, std::string_view content_type, const AwsError& error,
                               std::string_view request_id) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject();
  json.Key("__type");
  json.String(error.code());
  json.Key("message");
  json.String(error.message);
  json.EndObject();
  HttpResponse response = JsonResponse(error.status(protocol), content_type, std::move(body), request_id);
  response.headers.Add("x-amzn-errortype", std::string(error.code()));
  return response;
}

HttpResponse QueryXmlResponse(int status, std::string xml, std::string_view request_id) {
  HttpResponse response = WithSecurityHeaders(status);
  response.headers.Add("x-amzn-requestid", std::string(request_id));
  response.headers.Add("content-type", "text/xml");
  response.body = std::move(xml);
  return response;
}

}  // namespace

HttpResponse AwsJsonResponse(std::string body, std::string_view request_id) {
  return JsonResponse(200, kAwsJsonType, std::move(body), request_id);
}

HttpResponse AwsJsonErrorResponse(const AwsError& error, std::string_view request_id) {
  return JsonErrorResponse(Protocol::kAwsJson11, kAwsJsonType, error, request_id);
}

HttpResponse RestJsonResponse(std::string body, std::string_view request_id) {
  return JsonResponse(200, kRestJsonType, std::move(body), request_id);
}

HttpResponse RestJsonErrorResponse(const AwsError& error, std::string_view request_id) {
  return JsonErrorResponse(Protocol::kRestJson, kRestJsonType, error, request_id);
}

HttpResponse S3Response(std::string_view request_id) {
  HttpResponse response;
  response.headers.Add("x-amz-request-id", std::string(request_id));
  response.headers.Add("x-amz-id-2", std::string(request_id));
  response.headers.Add("server", "attune");
  return response;
}

HttpResponse S3XmlResponse(std::string xml, std::string_view request_id) {
  HttpResponse response = S3Response(request_id);
  response.headers.Add("content-type", "application/xml");
  response.body = std::move(xml);
  return response;
}

HttpResponse S3ErrorResponse(const AwsError& error, std::string_view resource, std::string_view request_id,
                             ErrorBody error_body) {
  HttpResponse response = S3Response(request_id);
  response.status = error.status(Protocol::kRestXml);
  response.headers.Add("content-type", "application/xml");
  if (error_body == ErrorBody::kOmit) return response;
  XmlWriter xml(&response.body);
  xml.Declaration();
  xml.Begin("Error");
  xml.Element("Code", error.code());
  xml.Element("Message", error.message);
  for (const auto& [name, value] : error.details) xml.Element(name, value);
  xml.Element("Resource", resource);
  xml.Element("RequestId", request_id);
  xml.Element("HostId", request_id);
  xml.End();
  return response;
}

HttpResponse QueryResponse(std::string_view action, std::string_view xml_namespace, std::string_view result_xml,
                           std::string_view request_id) {
  std::string text;
  XmlWriter xml(&text);
  const std::string response = fmt::format("{}Response", action);
  const std::string result = fmt::format("{}Result", action);
  xml.Begin(response, xml_namespace);
  if (!result_xml.empty()) {
    xml.Begin(result);
    xml.Raw(result_xml);
    xml.End();
  }
  xml.Begin("ResponseMetadata");
  xml.Element("RequestId", request_id);
  xml.End();
  xml.End();
  return QueryXmlResponse(200, std::move(text), request_id);
}

HttpResponse QueryErrorResponse(const AwsError& error, std::string_view xml_namespace, std::string_view request_id) {
  const int status = error.status(Protocol::kQuery);
  std::string text;
  XmlWriter xml(&text);
  xml.Begin("ErrorResponse", xml_namespace);
  xml.Begin("Error");
  xml.Element("Type", status < 500 ? "Sender" : "Receiver");
  xml.Element("Code", error.code());
  xml.Element("Message", error.message);
  xml.End();
  xml.Element("RequestId", request_id);
  xml.End();
  return QueryXmlResponse(status, std::move(text), request_id);
}

HttpResponse ErrorResponse(Protocol protocol, const AwsError& error, std::string_view request_id) {
  switch (protocol) {
    case Protocol::kAwsJson11: return AwsJsonErrorResponse(error, request_id);
    case Protocol::kRestJson: return RestJsonErrorResponse(error, request_id);
    case Protocol::kRestXml: return S3ErrorResponse(error, "", request_id);
    case Protocol::kQuery: return QueryErrorResponse(error, kIamNamespace, request_id);
  }
  ATTUNE_CHECK(false);
}

}  // namespace attune
