#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/http_message.h"

namespace attune {

enum class AfterResponse { kKeepAlive, kClose };

/// Status line and header fields, with the empty line that ends them. Control characters in a field become spaces, so
/// that nothing a client sent can end a field. No Content-Length is written where the status forbids a body.
std::string ResponseHead(const HttpResponse& response, std::uint64_t content_length, AfterResponse after,
                         std::int64_t unix_ms);

/// 1xx, 204 and 304 never have a body.
bool StatusHasBody(int status);

}  // namespace attune
