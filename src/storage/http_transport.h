#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace attune {

/// A request to a store. `path` and `query` are percent-encoded and sent as they are.
struct HttpCall {
  std::string method;
  std::string path;
  std::string query;
  std::vector<std::pair<std::string, std::string>> headers;  ///< With Host, without Content-Length.
  std::string_view body;
};

struct HttpReply {
  int status = 0;                                            ///< 0 if the connection broke before the status line.
  std::vector<std::pair<std::string, std::string>> headers;  ///< Names in lower case.
  std::string body;
  /// Not Ok if the exchange did not come to its end; `body` then holds what had arrived.
  Status transfer;

  /// "" if there is none of that name, which is in lower case.
  std::string_view Header(std::string_view name) const;
};

/// Carries requests to one endpoint. Thread-safe.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  /// One attempt. A body beyond `body_bytes_max` ends it.
  virtual HttpReply Send(const HttpCall& call, std::uint64_t body_bytes_max) = 0;
  /// Breaks off what is in flight, within about a second, and everything sent afterwards.
  virtual void Cancel() = 0;
};

}  // namespace attune
