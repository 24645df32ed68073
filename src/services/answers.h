#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/arn.h"
#include "catalog/catalog.h"
#include "protocol/generated/personalize.h"
#include "protocol/value.h"
#include "services/context.h"

// What many handlers of the control plane do.
namespace attune {

/// A member that clients expect to be absent rather than empty.
inline std::optional<std::string> IfSet(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

/// The ARN of this account and the request's region: NewArn(context, "campaign", "c1").
inline std::string NewArn(const Context& context, std::string_view type, std::string_view name) {
  return MakeArn(context.region, context.account_id, std::string(type) + "/" + std::string(name));
}

/// InvalidArgument unless `arn` is one of personalize and names a resource of that type: "dataset-group".
Status CheckArn(std::string_view arn, std::string_view type);

/// Finds what `arn` names; checks its form first.
template <class R>
Result<R> FindChecked(CatalogTransaction& transaction, std::string_view arn, std::string_view type) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(arn, type));
  return transaction.Find<R>(arn);
}

/// Runs `body`, which gives a Result, in a transaction of the catalog.
template <class T>
Result<T> InTransaction(Context& context, const std::function<Result<T>(CatalogTransaction&)>& body) {
  std::optional<T> value;
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(value, body(transaction));
    return {};
  });
  if (!stored.ok()) return stored;
  return *std::move(value);
}

/// LimitExceeded with the sentence of the service where `count` has reached `limit`.
Status CheckLimit(std::size_t count, std::size_t limit, std::string_view sentence);

/// LimitExceeded where `limit` of a kind are pending or in progress in the request's region already.
Status CheckInProgress(const Context& context, CatalogTransaction& transaction, ResourceKind kind, std::size_t limit);

/// Fills what every description has: status, reason and both times.
template <class Out>
void DescribeCommon(const Resource& resource, Out* out) {
  out->status = std::string(StatusText(resource.status));
  if constexpr (requires { out->failure_reason; }) out->failure_reason = IfSet(resource.failure_reason);
  out->creation_date_time = Timestamp{resource.created_ms};
  out->last_updated_date_time = Timestamp{resource.updated_ms};
}

/// InvalidArgument for a repeated key or the reserved prefix aws:; TooManyTags above the limit.
Result<std::map<std::string, std::string>> ReadTags(const std::vector<personalize::Tag>& tags);

/// Inserts the resource with the tags that came with its Create.
template <class R>
Status InsertWithTags(CatalogTransaction& transaction, R& resource,
                      const std::optional<std::vector<personalize::Tag>>& tags) {
  ATTUNE_RETURN_IF_ERROR(transaction.Insert(resource));
  if (!tags) return {};
  ATTUNE_TRY(const auto read, ReadTags(*tags));
  return transaction.AddTags(resource.arn, read);
}

/// One page of a kind, each resource put through `describe`: of the parent, if one is given, else of the request's
/// region. A parent of another form is refused.
template <class R, class Out, class Request>
Status ListPage(Context& context, const std::optional<std::string>& parent_arn, std::string_view parent_type,
                const Request& request, std::vector<Out>* out, std::optional<std::string>* next_token,
                Out (*describe)(const R&)) {
  ListQuery query{.page_token = request.next_token.value_or("")};
  if (parent_arn) {
    ATTUNE_RETURN_IF_ERROR(CheckArn(*parent_arn, parent_type));
    query.parent_arn = *parent_arn;
  } else {
    query.arn_prefix = MakeArn(context.region, context.account_id, "");
  }
  if (request.max_results) query.limit = static_cast<std::size_t>(*request.max_results);
  ATTUNE_TRY(const auto page, context.catalog.List<R>(query));
  for (const R& resource : page.resources) out->push_back(describe(resource));
  *next_token = IfSet(page.next_token);
  return {};
}

}  // namespace attune
