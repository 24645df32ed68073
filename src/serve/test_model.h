#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/thread_pool.h"
#include "model/recommender_model.h"

// A model that needs no training, for tests.
namespace attune {

/// Scores that anybody can compute again: by the item and by the newest item of the history.
class TestMember final : public Member {
 public:
  TestMember(std::size_t item_count, std::uint64_t seed) : item_count_(item_count), seed_(seed) {}

  static float ScoreOf(std::uint64_t seed, std::uint32_t newest, std::uint32_t item) {
    // A few levels, so that there are ties.
    return -static_cast<float>(MixSeed(seed + newest, item) % 50) / 10;
  }

  std::string_view name() const override { return "test"; }
  std::span<const std::string_view> feature_names() const override {
    static constexpr std::string_view kNames[] = {"test"};
    return kNames;
  }
  std::size_t item_count() const override { return item_count_; }
  std::unique_ptr<MemberScratch> MakeScratch() const override { return std::make_unique<Scratch>(); }
  void Score(const Query& query, MemberScratch& scratch, std::span<Feature> features) const override {
    const std::uint32_t newest = query.items.empty() ? 0 : query.items.back() + 1;
    auto& values = static_cast<Scratch&>(scratch).values;
    values.clear();
    for (std::uint32_t item = 0; item < item_count_; ++item) values.push_back(ScoreOf(seed_, newest, item));
    features[0] = {.dense = values};
  }
  Status Save(SnapshotFileWriter&) const override { return {}; }

 private:
  struct Scratch final : MemberScratch {
    std::vector<float> values;
  };

  const std::size_t item_count_;
  const std::uint64_t seed_;
};

/// Knows nothing of anything: fitted on one item without attributes.
inline std::shared_ptr<const ContentModel> MakeTestContent() {
  TrainingData data;
  data.items.Add("item");
  data.users.Add("user");
  data.interactions.user = {0};
  data.interactions.item = {0};
  data.interactions.timestamp_ms = {0};
  data.interactions.event_type = {kNoIndex};
  data.interactions.event_value = {kMissing};
  data.interactions.user_offsets = {0, 1};
  data.item_created_ms = {0};
  ThreadPool pool(1, 8);
  const std::vector<float> factors(kLatentDimensions);
  return std::make_shared<const ContentModel>(ContentModel::Fit(WholeView(data), factors, {}, pool));
}

/// Of the items `ids`, of which training met the first `trained_count`; item i was created `created_ms[i]`, or at 0.
/// Training read the log up to `log_sequence`.
inline std::shared_ptr<const RecommenderModel> MakeTestModel(std::span<const std::string> ids,
                                                             std::size_t trained_count, std::uint64_t seed = 1,
                                                             std::span<const std::int64_t> created_ms = {},
                                                             std::uint64_t log_sequence = 0) {
  ModelParts parts;
  parts.trained_item_count = trained_count;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    parts.catalogue.ids.Add(ids[i]);
    parts.catalogue.created_ms.push_back(created_ms.empty() ? 0 : created_ms[i]);
    parts.catalogue.warm.push_back(i < trained_count ? 1 : 0);
    parts.catalogue.interactions.push_back(i < trained_count ? 10 : 0);
    parts.catalogue.impressions.push_back(0);
    parts.catalogue.events_since.push_back(0);
    parts.catalogue.contents.emplace_back();
  }
  parts.members.push_back(std::make_shared<TestMember>(trained_count, seed));
  parts.blend = {.feature_names = {"test"}, .weights = {1, 0, 0, 0}, .by_length = {0, 0, 0, 0}, .empty_weights = {1}};
  parts.content = MakeTestContent();
  Manifest manifest{
      .recipe = "test", .training_mode = "FULL", .log_sequence = log_sequence, .fitted_log_sequence = log_sequence};
  return RecommenderModel::FromParts(std::move(manifest), std::move(parts));
}

}  // namespace attune
