// What does a filter add to a list? See README.md.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/thread_pool.h"
#include "filter/parser.h"
#include "model/popularity.h"
#include "serve/filter_request.h"
#include "serve/recommender.h"

namespace {

using namespace attune;

constexpr std::size_t kListSize = 25;
constexpr std::size_t kBuckets = 1000;
constexpr std::size_t kEventsOfUser = 200;

double Milliseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

template <class Body>
double Time(Body body) {
  const auto begun = std::chrono::steady_clock::now();
  body();
  return Milliseconds(std::chrono::steady_clock::now() - begun);
}

double Quantile(std::vector<double> times, double q) {
  std::ranges::sort(times);
  return times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))];
}

std::shared_ptr<const ContentModel> MakeContent() {
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
  return std::make_shared<const ContentModel>(
      ContentModel::Fit(WholeView(data), std::vector<float>(kLatentDimensions), {}, pool));
}

/// The cheapest model that there is, so that what filters add is not hidden behind scoring.
std::shared_ptr<const RecommenderModel> MakeModel(std::size_t item_count) {
  Random random(1);
  std::vector<std::uint32_t> taken;
  for (std::size_t i = 0; i < item_count; ++i) {
    taken.push_back(static_cast<std::uint32_t>(random.Uniform() * random.Uniform() * static_cast<double>(item_count)));
  }
  const std::vector<std::int64_t> times(taken.size());
  ModelParts parts;
  parts.trained_item_count = item_count;
  for (std::size_t i = 0; i < item_count; ++i) parts.catalogue.ids.Add("item-" + std::to_string(i));
  parts.catalogue.created_ms.resize(item_count);
  parts.catalogue.warm.assign(item_count, 1);
  parts.catalogue.interactions.assign(item_count, 1);
  parts.catalogue.impressions.resize(item_count);
  parts.catalogue.events_since.resize(item_count);
  parts.catalogue.contents.resize(item_count);
  parts.members.push_back(Popularity::Fit(item_count, taken, times, 0));
  const auto names = parts.members[0]->feature_names();
  parts.blend.feature_names.assign(names.begin(), names.end());
  parts.blend.weights.assign(names.size() + kRepeatFeatures, 1);
  parts.blend.by_length.assign(names.size() + kRepeatFeatures, 0);
  parts.blend.empty_weights.assign(names.size(), 1);
  parts.content = MakeContent();
  return RecommenderModel::FromParts({.recipe = "bench", .training_mode = "FULL"}, std::move(parts));
}

std::shared_ptr<const Schema> ParseSchema(const std::string& name, const std::string& fields) {
  auto schema =
      Schema::Parse(R"({"type":"record","name":")" + name +
                    R"(","namespace":"com.amazonaws.personalize.schema","version":"1.0","fields":[)" + fields + "]}");
  ATTUNE_CHECK(schema.ok());
  return std::make_shared<const Schema>(*std::move(schema));
}

EntityPut ItemRecord(const Schema& schema, std::size_t item) {
  // A bucket says nothing of how popular an item is.
  const std::size_t bucket = MixSeed(item, 7) % kBuckets;
  auto put = ReadEntityProperties(schema, "item-" + std::to_string(item),
                                  fmt::format(R"({{"bucket":{},"category":"c{}|all"}})", bucket, bucket), 1);
  ATTUNE_CHECK(put.ok());
  return *std::move(put);
}

struct Case {
  std::string name;
  std::string expression;
  bool changes_values = false;  ///< Other values at each request: nothing that was found before can be used.
  bool changes_items = false;   ///< A PutItems of one item before each request.
};

class Bench {
 public:
  explicit Bench(std::size_t item_count) : item_count_(item_count), model_(MakeModel(item_count)) {
    std::vector<EntityPut> puts;
    for (std::size_t item = 0; item < item_count; ++item) puts.push_back(ItemRecord(item_schema(), item));
    items_ = {.table = MetadataTable::Empty(item_schema())->With(puts), .generation = 1, .version = 1};
    const auto user = ReadEntityProperties(user_schema(), "u", R"({"age":30})", 1);
    ATTUNE_CHECK(user.ok());
    users_ = MetadataTable::Empty(user_schema())->With({&*user, 1});
    // What a user did is what is popular: a filter that hides it must look further down.
    const auto best = Recommend(deployment_, {.user_id = "u", .result_count = kEventsOfUser}).items;
    for (const auto& item : best) events_.push_back({.item_id = item.item_id, .event_type = "purchase"});
  }

  void Run(const Case& which, std::size_t runs) {
    const auto parsed = ParseFilter(which.expression);
    ATTUNE_CHECK(parsed.ok());
    std::vector<double> plain_times;
    std::vector<double> filtered_times;
    std::size_t kept_count = 0;
    for (std::size_t run = 0; run < runs; ++run) {
      if (which.changes_items) PutOne(run);
      plain_times.push_back(Time([&] { Recommend(deployment_, {.user_id = "u", .result_count = kListSize}); }));
      std::vector<RecommendedItem> list;
      ItemSet kept;
      // All that a request does for its filter but the look-up of its ARN: the values are put in, too.
      filtered_times.push_back(Time([&] {
        const auto filter = CompileFilter(*parsed, schemas_, Values(which, run));
        ATTUNE_CHECK(filter.ok());
        kept = KeptItems(Request(*filter), deployment_.shared_model(), catalogue_);
        list = Recommend(deployment_, {.user_id = "u", .result_count = kListSize, .kept = &kept}).items;
      }));
      if (run % 16 == 0) CheckList(list, kept, which, run);
      kept_count = kept.Count();
    }
    const double plain = Quantile(plain_times, 0.5);
    const double filtered = Quantile(filtered_times, 0.5);
    fmt::print("{:>9} {:<38} {:>8.3f} % {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f} {:>7.2f}\n", item_count_, which.name,
               100.0 * static_cast<double>(kept_count) / static_cast<double>(item_count_), plain,
               Quantile(plain_times, 0.99), filtered, Quantile(filtered_times, 0.99), filtered / plain);
  }

 private:
  const Schema& item_schema() const { return *schemas_.at(DatasetType::kItems); }
  const Schema& user_schema() const { return *schemas_.at(DatasetType::kUsers); }

  static FilterValues Values(const Case& which, std::size_t run) {
    if (!which.changes_values) return {};
    return {{"B", fmt::format("{}.{:04}", kBuckets / 2, run)}};
  }

  FilterRequest Request(const CompiledFilter& filter) const {
    return {
        .filter = &filter, .user_id = "u", .current_item_id = {}, .items = items_, .users = users_, .events = events_};
  }

  void PutOne(std::size_t run) {
    const EntityPut put = ItemRecord(item_schema(), MixSeed(run, 3) % item_count_);
    items_ = {.table = items_.table->With({&put, 1}), .generation = 1, .version = items_.version + 1};
  }

  /// The list is the best of what is kept, in order, and every item in it is kept when it is asked alone.
  void CheckList(const std::vector<RecommendedItem>& list, const ItemSet& kept, const Case& which, std::size_t run) {
    ATTUNE_CHECK(list.size() == std::min(kListSize, kept.Count()));
    const auto all = Recommend(deployment_, {.user_id = "u", .result_count = item_count_}).items;
    std::size_t next = 0;
    for (const auto& item : all) {
      if (next == list.size()) break;
      if (!kept.Has(*model_->FindItem(item.item_id))) continue;
      ATTUNE_CHECK(list[next].item_id == item.item_id);
      ++next;
    }
    ATTUNE_CHECK(next == list.size());
    const auto filter = CompileFilter(*ParseFilter(which.expression), schemas_, Values(which, run));
    Random random(run);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < 100; ++i) ids.push_back("item-" + std::to_string(random.Below(item_count_)));
    const std::vector<std::string_view> views(ids.begin(), ids.end());
    const auto by_id = KeptIds(Request(*filter), views);
    for (std::size_t i = 0; i < ids.size(); ++i) ATTUNE_CHECK(by_id[i] == kept.Has(*model_->FindItem(ids[i])));
  }

  const std::size_t item_count_;
  const FilterSchemas schemas_{
      {DatasetType::kItems, ParseSchema("Items", R"({"name":"ITEM_ID","type":"string"},{"name":"BUCKET","type":"int"},
                                                    {"name":"CATEGORY","type":"string","categorical":true})")},
      {DatasetType::kUsers, ParseSchema("Users", R"({"name":"USER_ID","type":"string"},{"name":"AGE","type":"int"})")},
      {DatasetType::kInteractions, ParseSchema("Interactions", R"({"name":"USER_ID","type":"string"},
                                                                  {"name":"ITEM_ID","type":"string"},
                                                                  {"name":"TIMESTAMP","type":"long"},
                                                                  {"name":"EVENT_TYPE","type":"string"})")}};
  const std::shared_ptr<const RecommenderModel> model_;
  const Deployment deployment_{{.uid = "campaign", .artifact_name = "artifact"},
                               std::make_shared<Exploration>(model_),
                               std::make_shared<LiveGroup>()};
  LiveMetadata::Snapshot items_;
  std::shared_ptr<const MetadataTable> users_;
  std::vector<FilterHistory::Entry> events_;
  FilterCatalogue catalogue_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::size_t runs = argc > 1 ? std::stoul(argv[1]) : 100;
  const std::string purchases = R"(EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase"))";
  const std::vector<Case> cases = {
      {"static, numeric", "INCLUDE ItemID WHERE Items.BUCKET < 1"},
      {"static, numeric", "INCLUDE ItemID WHERE Items.BUCKET < 10"},
      {"static, numeric", "INCLUDE ItemID WHERE Items.BUCKET < 500"},
      {"static, categories", R"(INCLUDE ItemID WHERE Items.CATEGORY IN ("c7"))"},
      {"of the user: 200 purchases hidden", purchases},
      {"static and of the user", "INCLUDE ItemID WHERE Items.BUCKET < 500 | " + purchases},
      {"static, IF the user", "INCLUDE ItemID WHERE Items.BUCKET < 10 IF CurrentUser.AGE > 18"},
      {"static, an item put before each", "INCLUDE ItemID WHERE Items.BUCKET < 500", false, true},
      {"static, values never seen before", "INCLUDE ItemID WHERE Items.BUCKET < $B", true},
  };
  fmt::print("{:>9} {:<38} {:>10} {:>9} {:>9} {:>9} {:>9} {:>7}\n", "items", "filter", "kept", "plain p50", "p99",
             "filt. p50", "p99", "ratio");
  for (const std::size_t item_count : {std::size_t{10'000}, std::size_t{100'000}, std::size_t{1'000'000}}) {
    Bench bench(item_count);
    for (const Case& each : cases) bench.Run(each, runs);
  }
  return 0;
}
