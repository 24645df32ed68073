#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/status.h"
#include "protocol/error.h"
#include "protocol/json_codec.h"

// How a handler meets the wire. services/ writes one table for each service:
//
//   const BoundOperation<Context> kOperations[] = {
//       Bind("CreateCampaign", &CreateCampaign),   // Result<CreateCampaignResponse>(Context&, const
//       CreateCampaignRequest&) Bind("DeleteCampaign", &DeleteCampaign),   // Status(Context&, const
//       DeleteCampaignRequest&)
//   };
//
// Context is whatever the handlers need; protocol does not look into it.
namespace attune {

/// The body of a success (empty for operations without output), or the error to answer with.
struct OperationReply {
  std::optional<AwsError> error;
  std::string body;
};

/// The one place where services' errors become AWS's.
using ErrorMapper = AwsError (*)(const Status& status);

/// An operation by name, with everything between the bytes of its body and its handler. Immutable; may be run from any
/// thread if the handler may.
template <class Context>
struct BoundOperation {
  std::string_view name;
  std::function<OperationReply(Context& context, std::string_view body, ErrorMapper map_error)> run;
};

template <class Context, class Request, class Output>
OperationReply RunOperation(Output (*handler)(Context&, const Request&), Context& context, std::string_view body,
                            ErrorMapper map_error) {
  Request request;
  if (auto error = DecodeRequest(body, &request)) return {.error = std::move(error), .body = {}};
  const Output output = handler(context, request);
  if constexpr (std::is_same_v<Output, Status>) {
    if (!output.ok()) return {.error = map_error(output), .body = {}};
    return {};
  } else {
    if (!output.ok()) return {.error = map_error(output.status()), .body = {}};
    return {.error = {}, .body = ToJson(*output)};
  }
}

/// `name` must outlive the binding: a literal.
template <class Context, class Request, class Output>
BoundOperation<Context> Bind(std::string_view name, Output (*handler)(Context&, const Request&)) {
  return {name, [handler](Context& context, std::string_view body, ErrorMapper map_error) {
            return RunOperation(handler, context, body, map_error);
          }};
}

}  // namespace attune
