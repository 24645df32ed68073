#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/vocabulary.h"
#include "model/artifact.h"
#include "model/blend.h"
#include "model/content_model.h"
#include "model/member.h"
#include "storage/env.h"

namespace attune {

/// The items a model knows: those of training, then those that joined in updates. Arrays of [C].
struct ModelCatalogue {
  Vocabulary ids;
  std::vector<std::int64_t> created_ms;
  std::vector<std::uint8_t> warm;  ///< 1: the members know it. 0: it is known by attributes and counts alone.
  std::vector<std::uint32_t> interactions;
  std::vector<std::uint32_t> impressions;
  std::vector<std::uint64_t> events_since;  ///< Interactions of all items since this one was created.
  ItemContents contents;
};

/// The newest events of each user, oldest first: user u has [offsets[u], offsets[u + 1]).
struct ModelHistories {
  Vocabulary users;
  Vocabulary event_types;
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::uint32_t> items;
  std::vector<std::int64_t> timestamp_ms;
  std::vector<std::uint32_t> event_type;
  std::vector<float> event_value;
};

/// Everything that an artifact folder holds besides its manifest. Plain data, fitted by train/.
struct ModelParts {
  std::size_t trained_item_count = 0;  ///< N: what the members score. Items of the catalogue from N on joined later.
  ModelCatalogue catalogue;
  ModelHistories histories;
  std::vector<std::shared_ptr<const Member>> members;
  Blend blend;
  std::shared_ptr<const ContentModel> content;
};

/// Writes all parts and then the manifest into `folder`, which exists. Fills the manifest's members and files.
Status SaveModel(Env& env, const std::string& folder, const ModelParts& parts, Manifest manifest);

/// Corrupt for anything torn, altered, newer than this program's, or whose parts do not fit together.
Result<ModelParts> LoadModel(Env& env, const std::string& folder, const Manifest& manifest);

}  // namespace attune
