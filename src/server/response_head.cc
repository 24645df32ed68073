#include "server/response_head.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace attune {
namespace {

std::string_view Reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Payload Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return status < 400 ? "OK" : "Error";
  }
}

/// "Mon, 23 Nov 2026 15:04:05 GMT", made anew once a second on each thread.
const std::string& DateText(std::int64_t unix_ms) {
  thread_local std::int64_t second = -1;
  thread_local std::string text;
  if (second != unix_ms / 1000) {
    second = unix_ms / 1000;
    text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(second)));
  }
  return text;
}

void AppendField(std::string_view name, std::string_view value, std::string* out) {
  const auto append = [out](std::string_view text) {
    const std::size_t start = out->size();
    out->append(text);
    std::replace_if(
        out->begin() + static_cast<std::ptrdiff_t>(start), out->end(),
        [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }, ' ');
  };
  append(name);
  out->append(": ");
  append(value);
  out->append("\r\n");
}

}  // namespace

bool StatusHasBody(int status) { return status >= 200 && status != 204 && status != 304; }

std::string ResponseHead(const HttpResponse& response, std::uint64_t content_length, AfterResponse after,
                         std::int64_t unix_ms) {
  std::string out;
  out.reserve(512);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status, Reason(response.status));
  for (const auto& [name, value] : response.headers.fields()) AppendField(name, value, &out);
  if (StatusHasBody(response.status)) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", content_length);
  }
  out += "Date: ";
  out += DateText(unix_ms);
  out += after == AfterResponse::kClose ? "\r\nConnection: close\r\n\r\n" : "\r\nConnection: keep-alive\r\n\r\n";
  return out;
}

}  // namespace attune
