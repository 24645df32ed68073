#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/query.h"
#include "serve/deployments.h"

namespace attune {

/// A user's whole history as the deployment's model can take it: what it was trained on, then what came since. Owns the
/// arrays of the query. One thread at a time.
class UserQuery {
 public:
  UserQuery(const Deployment& deployment, std::string_view user_id, std::span<const NamedValue> context,
            std::span<const NamedValue> user_attributes);

  Query query() const;

 private:
  void Append(std::uint32_t item, std::int64_t timestamp_ms, std::uint32_t event_type, float event_value);

  std::uint32_t trained_user_ = kNoIndex;
  std::vector<std::uint32_t> items_;
  std::vector<std::int64_t> timestamp_ms_;
  std::vector<std::uint32_t> event_type_;
  std::vector<float> event_value_;
  std::span<const NamedValue> context_;
  std::span<const NamedValue> user_attributes_;
};

}  // namespace attune
