#include "services/personalize/tag.h"

#include <fmt/format.h>

#include "services/answers.h"

namespace attune {
namespace {

/// Every kind may be tagged but schemas; an ARN of another form is refused before it is looked for.
Status CheckTaggable(CatalogTransaction& transaction, const std::string& arn) {
  const auto parsed = Arn::Parse(arn);
  if (!parsed.ok()) return parsed.status();
  if (parsed->service != "personalize" || parsed->resource_type() == "schema" || parsed->resource_type() == "recipe") {
    return InvalidArgument(fmt::format("{} cannot be tagged.", arn));
  }
  return transaction.KindOf(arn).status();
}

}  // namespace

Result<personalize::TagResourceResponse> TagResource(Context& context, const personalize::TagResourceRequest& request) {
  ATTUNE_TRY(const auto tags, ReadTags(request.tags));
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_RETURN_IF_ERROR(CheckTaggable(transaction, request.resource_arn));
    return transaction.AddTags(request.resource_arn, tags);
  });
  if (!stored.ok()) return stored;
  return personalize::TagResourceResponse{};
}

Result<personalize::UntagResourceResponse> UntagResource(Context& context,
                                                         const personalize::UntagResourceRequest& request) {
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_RETURN_IF_ERROR(CheckTaggable(transaction, request.resource_arn));
    return transaction.RemoveTags(request.resource_arn, request.tag_keys);
  });
  if (!stored.ok()) return stored;
  return personalize::UntagResourceResponse{};
}

Result<personalize::ListTagsForResourceResponse> ListTagsForResource(
    Context& context, const personalize::ListTagsForResourceRequest& request) {
  personalize::ListTagsForResourceResponse out;
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_RETURN_IF_ERROR(CheckTaggable(transaction, request.resource_arn));
    ATTUNE_TRY(const auto tags, transaction.Tags(request.resource_arn));
    for (const auto& [key, value] : tags) out.tags.push_back({.tag_key = key, .tag_value = value});
    return {};
  });
  if (!stored.ok()) return stored;
  return out;
}

}  // namespace attune
