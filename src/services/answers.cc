#include "services/answers.h"

#include <fmt/format.h>

#include <algorithm>

namespace attune {

Status CheckArn(std::string_view arn, std::string_view type) {
  const auto parsed = Arn::Parse(arn);
  if (!parsed.ok()) return parsed.status();
  if (parsed->service != "personalize" || parsed->resource_type() != type || parsed->resource_name().empty()) {
    return InvalidArgument(fmt::format("{} is not the ARN of a {}.", arn, type));
  }
  return {};
}

Status CheckLimit(std::size_t count, std::size_t limit, std::string_view sentence) {
  return count < limit ? Status() : LimitExceeded(std::string(sentence));
}

Status CheckInProgress(const Context& context, CatalogTransaction& transaction, ResourceKind kind, std::size_t limit) {
  ATTUNE_TRY(const auto running, transaction.Count(kind, {.arn_prefix = MakeArn(context.region, context.account_id, ""),
                                                          .statuses = TransientStatuses()}));
  return CheckLimit(running, limit, fmt::format("More than {} resources with PENDING or IN_PROGRESS status.", limit));
}

Result<std::map<std::string, std::string>> ReadTags(const std::vector<personalize::Tag>& tags) {
  std::map<std::string, std::string> read;
  for (const auto& tag : tags) {
    std::string prefix = tag.tag_key.substr(0, 4);
    for (char& c : prefix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (prefix == "aws:")
      return InvalidArgument(fmt::format("The tag key {} begins with aws:, which is reserved.", tag.tag_key));
    if (!read.emplace(tag.tag_key, tag.tag_value).second) {
      return InvalidArgument(fmt::format("The tag key {} is given twice.", tag.tag_key));
    }
  }
  return read;
}

}  // namespace attune
