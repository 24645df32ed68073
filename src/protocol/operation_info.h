#pragma once

#include <span>
#include <string_view>

#include "protocol/error.h"

namespace attune {

/// What a model says about an operation besides its shapes.
struct OperationInfo {
  std::string_view name;
  std::string_view path;  ///< "/" unless the protocol is REST.
  std::span<const ErrorKind* const> errors;
  bool idempotent;
  bool has_output;  ///< Otherwise a success has an empty body.
};

struct ServiceInfo {
  std::string_view name;         ///< "personalize-runtime"
  std::string_view api_version;  ///< "2018-05-22"
  Protocol protocol;
  std::string_view target_prefix;  ///< Of X-Amz-Target, before the dot; empty unless the protocol is awsJson 1.1.
  std::string_view signing_name;   ///< The service in the credential scope.
  std::span<const OperationInfo> operations;

  /// Null if there is no such operation.
  const OperationInfo* FindByName(std::string_view operation_name) const;
  /// For REST services; null if there is none.
  const OperationInfo* FindByPath(std::string_view path) const;
};

}  // namespace attune
