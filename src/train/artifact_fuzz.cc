// A trained artifact in whose files sections hold other bytes, under checksums that are right: Corrupt, or a model that
// scores any query and explains its answer. The first byte says which file, the rest are changes to its sections
// (section_changes.h).
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/thread_pool.h"
#include "model/explanation.h"
#include "model/model_parts.h"
#include "model/recommender_model.h"
#include "storage/memory_env.h"
#include "storage/section_changes.h"
#include "train/test_world.h"
#include "train/train_solution.h"

namespace {

using namespace attune;

constexpr char kFolder[] = "/artifact";

/// An artifact with every member, and the sections of each of its files.
struct Artifact {
  Artifact() {
    TrainingData data = MadeOfAttributes(90, 8);
    CategoricalColumn genres{.name = "GENRES", .categories = {}, .offsets = {0}, .values = {}};
    NumericColumn prices{.name = "PRICE", .values = {}};
    data.items.Add("a new one");
    for (std::uint32_t item = 0; item < data.items.size(); ++item) {
      genres.values.push_back(genres.categories.Add(item % 2 == 0 ? "even" : "odd"));
      genres.offsets.push_back(item + 1);
      prices.values.push_back(static_cast<float>(item));
    }
    data.item_attributes.categorical = {std::move(genres)};
    data.item_attributes.numeric = {std::move(prices)};
    FinishTestData(data);
    const FakeClock clock;
    ThreadPool pool(1, 16);
    const std::atomic<bool> cancelled{false};
    TrainContext context{
        .env = env, .clock = clock, .pool = pool, .cancelled = cancelled, .on_progress = {}, .memory_bytes_max = 0};
    const TrainParameters parameters{.parameters = {{"hidden_dimension", "32"}, {"bptt", "2"}},
                                     .sequence_operations_max = kOperations};
    const auto trained = TrainFull(data, parameters, context, kFolder);
    ATTUNE_CHECK(trained.ok());
    auto read = ReadManifest(env, kFolder);
    ATTUNE_CHECK(read.ok());
    manifest = *std::move(read);
    ATTUNE_CHECK(std::ranges::find(manifest.members, "sequence") != manifest.members.end());
    constexpr std::string_view kSuffix = ".snapshot";
    for (const ArtifactFile& file : manifest.files) {
      const std::string part = file.name.substr(0, file.name.size() - kSuffix.size());
      files.push_back(ReadSections(env, JoinPath(kFolder, file.name), "attune.model." + part));
    }
  }

  static constexpr double kOperations = 3e9;

  MemoryEnv env;
  Manifest manifest;
  std::vector<SnapshotSections> files;
};

void Ask(const RecommenderModel& model) {
  ScoreScratch scratch = model.MakeScratch();
  std::vector<float> scores(model.item_count());
  const std::vector<std::uint32_t> items{0, 5, 2, 0, 7};
  const std::vector<NamedValue> attributes{{"KIND", "left"}, {"DEVICE", "phone"}};
  const TrainedHistory trained = model.user_count() > 0 ? model.History(0) : TrainedHistory{};
  const Query queries[] = {{},
                           {.items = items},
                           {.items = trained.items,
                            .timestamp_ms = trained.timestamp_ms,
                            .trained_user = trained.user,
                            .context = attributes,
                            .user_attributes = attributes}};
  for (const Query& query : queries) model.ScoreAll(query, scratch, scores);
  for (std::uint32_t item = 0; item < std::min<std::size_t>(model.item_count(), 10); ++item) {
    for (const auto& [attribute, value] : model.item_attributes(item)) (void)model.attribute_name(attribute);
    (void)model.item_id(item);
  }
  if (model.item_count() > 0) (void)Explain(model, queries[1], 0, scratch);
  NewItem item{.id = "joins later", .created_ms = 1, .attributes = {}};
  item.attributes.categorical = {{"GENRES", {"even"}}};
  item.attributes.numeric = {{"PRICE", 3}};
  const auto extended = model.WithItems(std::vector{item});
  scores.resize(extended->item_count());
  ScoreScratch extended_scratch = extended->MakeScratch();
  extended->ScoreAll(queries[1], extended_scratch, scores);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Artifact artifact;
  if (size < 2) return 0;
  const SnapshotSections& sound = artifact.files[data[0] % artifact.files.size()];
  SnapshotSections changed = sound;
  ApplyChanges({reinterpret_cast<const char*>(data) + 1, size - 1},
               [&](std::uint8_t number) -> std::string& { return changed.all[number % changed.all.size()].second; });
  WriteSections(artifact.env, changed);
  auto parts = LoadModel(artifact.env, kFolder, artifact.manifest);
  WriteSections(artifact.env, sound);
  if (!parts.ok()) {
    ATTUNE_CHECK(parts.status().code() == Code::kCorrupt);
    return 0;
  }
  Ask(*RecommenderModel::FromParts(artifact.manifest, *std::move(parts)));
  return 0;
}
