#include "train/train_solution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "model/recommender_model.h"
#include "storage/fault_sweep.h"
#include "storage/memory_env.h"
#include "train/test_world.h"

namespace attune {
namespace {

using testing::HasSubstr;

/// Of the sequence transformer, half as many as by rule: what is shown here does not hang on it.
const TrainParameters kFewEpochs{.sequence_operations_max = kOperationsMin};

/// A training with everything that it needs around it.
class TrainSolution : public testing::Test {
 protected:
  Result<TrainReport> Train(const TrainingData& data, const std::string& folder,
                            TrainParameters parameters = kFewEpochs) {
    TrainContext context = Context();
    return TrainFull(data, parameters, context, folder);
  }
  TrainContext Context() {
    return {
        .env = env_, .clock = clock_, .pool = pool_, .cancelled = cancelled_, .on_progress = {}, .memory_bytes_max = 0};
  }
  std::shared_ptr<const RecommenderModel> Load(const std::string& folder) {
    auto model = RecommenderModel::Load(env_, folder);
    EXPECT_TRUE(model.ok()) << model.status().message();
    return model.ok() ? *model : nullptr;
  }
  std::string Bytes(const std::string& folder) {
    std::string all;
    const auto entries = env_.List(folder).value();
    for (const auto& entry : entries) all += entry.name + *env_.ReadFile(JoinPath(folder, entry.name));
    return all;
  }

  MemoryEnv env_;
  FakeClock clock_;
  ThreadPool pool_{1, 16};
  std::atomic<bool> cancelled_{false};
};

/// NDCG@10 of a model's lists for what each user of the world takes next, over all items.
double NextItemNdcg(const RecommenderModel& model, const TestWorld& world) {
  ScoreScratch scratch = model.MakeScratch();
  std::vector<float> scores(model.item_count());
  double sum = 0;
  for (std::uint32_t user = 0; user < world.data.users.size(); ++user) {
    const TrainedHistory history = model.FindHistory(world.data.users.id(user));
    model.ScoreAll({.items = history.items, .trained_user = history.user}, scratch, scores);
    double above = 0;
    const auto target = *model.FindItem(world.data.items.id(world.next_item[user]));
    for (const float score : scores) above += score > scores[target];
    sum += above < 10 ? 1 / std::log2(above + 2) : 0;
  }
  return sum / static_cast<double>(world.data.users.size());
}

TEST_F(TrainSolution, RanksBetterThanPopularityAndBelowTheWorldsCeiling) {
  const TestWorld world = MakeTestWorld({.seed = 3});

  const auto report = Train(world.data, "/a/model");

  ASSERT_TRUE(report.ok()) << report.status().message();
  const auto model = Load("/a/model");
  const double ndcg = NextItemNdcg(*model, world);
  EXPECT_GT(ndcg, 1.3 * world.popularity_ndcg);
  EXPECT_LT(ndcg, world.ceiling_ndcg + 0.02);
  EXPECT_GT(report->metrics.at("normalized_discounted_cumulative_gain_at_10"), 0.05);
  EXPECT_GT(report->metrics.at("coverage"), 0.2);
  EXPECT_EQ(report->metrics.size(), 8u);
}

TEST_F(TrainSolution, ScoresSumToOneForKnownNewAndAnonymousUsers) {
  const TestWorld world = MakeTestWorld({});
  ASSERT_TRUE(Train(world.data, "/a/model").ok());
  const auto loaded = Load("/a/model");
  const auto model = loaded->WithItems(std::vector<NewItem>{{.id = "fresh"}});
  ScoreScratch scratch = model->MakeScratch();
  std::vector<float> scores(model->item_count());
  const std::vector<std::uint32_t> fresh(3, *model->FindItem("fresh"));
  const TrainedHistory known = model->FindHistory(world.data.users.id(0));
  EXPECT_EQ(known.items.size(), world.data.interactions.Items(0).size());

  for (const Query& query : {Query{}, Query{.items = known.items, .trained_user = known.user}, Query{.items = fresh}}) {
    model->ScoreAll(query, scratch, scores);

    double sum = 0;
    for (const float score : scores) sum += std::exp(static_cast<double>(score));
    EXPECT_NEAR(sum, 1, 1e-4);
  }
}

/// The share of probability in a quarter of the items.
double ShareOfQuarter(const RecommenderModel& model, const Query& query, std::uint32_t quarter) {
  ScoreScratch scratch = model.MakeScratch();
  std::vector<float> scores(model.item_count());
  model.ScoreAll(query, scratch, scores);
  const std::size_t each = scores.size() / 4;
  double sum = 0;
  for (std::size_t item = quarter * each; item < (quarter + 1) * each; ++item) {
    sum += std::exp(static_cast<double>(scores[item]));
  }
  return sum;
}

TEST_F(TrainSolution, KnowsWhoSomebodyWithoutHistoryIsAndWhere) {
  const TrainingData data = MadeOfAttributes();
  ASSERT_TRUE(Train(data, "/a/model").ok());
  const auto model = Load("/a/model");
  ASSERT_TRUE(model->reads_user_attributes());
  const std::vector<NamedValue> left = {{"KIND", "left"}};
  const std::vector<NamedValue> right = {{"KIND", "right"}};
  const std::vector<NamedValue> phone = {{"DEVICE", "phone"}};
  const std::vector<NamedValue> desk = {{"DEVICE", "desk"}};

  EXPECT_GT(ShareOfQuarter(*model, {.context = phone, .user_attributes = left}, 0), 0.8);
  EXPECT_GT(ShareOfQuarter(*model, {.context = desk, .user_attributes = left}, 1), 0.8);
  EXPECT_GT(ShareOfQuarter(*model, {.context = desk, .user_attributes = right}, 3), 0.8);
  // Either alone tells half of it, and nothing tells nothing.
  EXPECT_NEAR(ShareOfQuarter(*model, {.user_attributes = right}, 2), 0.5, 0.15);
  EXPECT_NEAR(ShareOfQuarter(*model, {}, 2), 0.25, 0.1);
}

TEST_F(TrainSolution, HearsTheMomentOfSomebodyWithHistoryToo) {
  const TrainingData data = MadeOfAttributes();
  ASSERT_TRUE(Train(data, "/a/model").ok());
  const auto model = Load("/a/model");
  const std::vector<NamedValue> phone = {{"DEVICE", "phone"}};
  const std::vector<NamedValue> desk = {{"DEVICE", "desk"}};
  const std::uint32_t quarter = data.interactions.item[0] / 10 / 2 * 2;  // Of the first user's kind, on a phone.
  const TrainedHistory history = model->FindHistory("user0");
  const Query query{.items = history.items, .timestamp_ms = history.timestamp_ms, .trained_user = history.user};
  Query on_phone = query;
  on_phone.context = phone;
  Query at_desk = query;
  at_desk.context = desk;

  EXPECT_GT(ShareOfQuarter(*model, on_phone, quarter), 2 * ShareOfQuarter(*model, at_desk, quarter));
  EXPECT_GT(ShareOfQuarter(*model, at_desk, quarter + 1), 2 * ShareOfQuarter(*model, on_phone, quarter + 1));
}

TEST_F(TrainSolution, GivesTheSameBytesForTheSameSeedAndAnyThreads) {
  const TestWorld world = MakeTestWorld({});
  ThreadPool three(3, 16);
  TrainContext context{
      .env = env_, .clock = clock_, .pool = three, .cancelled = cancelled_, .on_progress = {}, .memory_bytes_max = 0};

  ASSERT_TRUE(Train(world.data, "/a/one").ok());
  ASSERT_TRUE(TrainFull(world.data, kFewEpochs, context, "/a/two").ok());
  ASSERT_TRUE(Train(world.data, "/a/other", {.seed = 2}).ok());

  EXPECT_TRUE(Bytes("/a/one") == Bytes("/a/two"));
  EXPECT_FALSE(Bytes("/a/one") == Bytes("/a/other"));
}

TEST_F(TrainSolution, LearnsWhetherItemsAreTakenAgain) {
  for (const double repeat_share : {0.0, 0.6}) {
    const TestWorld world = MakeTestWorld({.repeat_share = repeat_share});
    const std::string folder = repeat_share > 0 ? "/a/repeat" : "/a/new";
    ASSERT_TRUE(Train(world.data, folder).ok());
    const auto model = Load(folder);
    ScoreScratch scratch = model->MakeScratch();
    std::vector<float> scores(model->item_count());
    double in_history = 0;
    for (std::uint32_t user = 0; user < world.data.users.size(); ++user) {
      const auto history = model->FindHistory(world.data.users.id(user));
      model->ScoreAll({.items = history.items, .trained_user = history.user}, scratch, scores);
      for (const std::uint32_t item : std::set<std::uint32_t>(history.items.begin(), history.items.end())) {
        in_history += std::exp(scores[item]) / static_cast<double>(world.data.users.size());
      }
    }

    // Without any repeat in the data next to nothing of the probability is left to items of the history.
    EXPECT_NEAR(in_history, repeat_share, repeat_share == 0 ? 0.03 : 0.15);
  }
}

TEST_F(TrainSolution, RanksNewItemsByTheirAttributes) {
  const TestWorld world = MakeTestWorld({.users = 400, .items = 150, .new_items = 50});
  ASSERT_TRUE(Train(world.data, "/a/model").ok());
  const auto model = Load("/a/model")->WithItems(world.new_items);
  ScoreScratch scratch = model->MakeScratch();
  std::vector<float> scores(model->item_count());
  double sum = 0;
  for (std::uint32_t user = 0; user < world.data.users.size(); ++user) {
    const auto history = model->FindHistory(world.data.users.id(user));
    model->ScoreAll({.items = history.items, .trained_user = history.user}, scratch, scores);
    const auto liked = *model->FindItem(world.new_items[world.liked_new_item[user]].id);
    double below = 0;
    for (const NewItem& item : world.new_items) below += scores[*model->FindItem(item.id)] < scores[liked];
    sum += below / static_cast<double>(world.new_items.size() - 1);
  }

  // The share of other new items that the one the user likes best stands above: 0.5 by chance.
  EXPECT_GT(sum / static_cast<double>(world.data.users.size()), 0.75);
}

TEST_F(TrainSolution, UpdateTakesInItemsAndUsersWithoutRelearning) {
  const TestWorld world = MakeTestWorld({});
  ASSERT_TRUE(Train(world.data, "/a/full").ok());
  TrainingData newer = world.data;
  AppendEvent(newer, "newcomer", "unheard-of");
  AppendEvent(newer, "newcomer", std::string(world.data.items.id(0)));
  newer.log_sequence = 77;
  TrainContext context = Context();

  const auto report = TrainUpdate("/a/full", newer, {}, context, "/a/update");

  ASSERT_TRUE(report.ok()) << report.status().message();
  const auto before = Load("/a/full");
  const auto after = Load("/a/update");
  EXPECT_EQ(after->item_count(), before->item_count() + 1);
  EXPECT_EQ(after->trained_item_count(), before->trained_item_count());
  EXPECT_EQ(after->item_prior(*after->FindItem("unheard-of")).interactions, 1u);
  EXPECT_EQ(after->FindHistory("newcomer").items.size(), 2u);
  EXPECT_EQ(after->log_sequence(), 77u);
  EXPECT_EQ(after->fitted_log_sequence(), before->log_sequence()) << "attributes put since are new to its members";
  EXPECT_EQ(after->manifest().training_mode, "UPDATE");
  EXPECT_EQ(after->manifest().metrics, before->manifest().metrics);
  for (const char* learned : {"blend", "content", "member_neighbours", "member_linear", "member_rules"}) {
    const std::string file = std::string(learned) + ".snapshot";
    EXPECT_TRUE(*env_.ReadFile("/a/full/" + file) == *env_.ReadFile("/a/update/" + file)) << learned;
  }
}

TEST_F(TrainSolution, RefusesWhatDoesNotSuffice) {
  const TestWorld world = MakeTestWorld({});

  const TrainingData few = FirstInteractions(world.data, kInteractionsMin - 1);
  EXPECT_EQ(Train(few, "/a/m", {.event_type = "Click"}).status().message(),
            "Dataset has fewer than 1000 interactions after filtering by event type: Click");
  EXPECT_TRUE(Train(FirstInteractions(world.data, kInteractionsMin), "/a/m").ok());

  const TrainingData narrow = FewUsers(kUsersMin - 1, 60);
  EXPECT_EQ(Train(narrow, "/a/n").status().message(),
            "Create failed. Dataset has fewer than 25 users with at least 2 interactions each.");
  EXPECT_TRUE(Train(FewUsers(kUsersMin, 60), "/a/n").ok());

  TrainingData types = world.data;
  for (std::size_t i = 0; i <= kEventTypesMax; ++i) {
    types.interactions.event_type[i] = types.interactions.event_types.Add("type" + std::to_string(i));
  }
  EXPECT_THAT(Train(types, "/a/t").status().message(), HasSubstr("12 distinct event types; the limit is 10"));
}

TEST_F(TrainSolution, TrainsOnDegenerateData) {
  EXPECT_TRUE(Train(FewUsers(30, 50, /*items=*/1), "/a/one-item").ok());
  EXPECT_TRUE(Train(FewUsers(30, 50, /*items=*/2), "/a/two-items").ok());
  const auto model = Load("/a/one-item");
  ScoreScratch scratch = model->MakeScratch();
  std::vector<float> scores(1);
  model->ScoreAll({}, scratch, scores);
  EXPECT_EQ(scores[0], 0);
}

TEST_F(TrainSolution, StopsWhenItIsToldAndLeavesNothing) {
  const TestWorld world = MakeTestWorld({});
  TrainContext context = Context();
  context.on_progress = [&](const TrainProgress& progress) { cancelled_ = progress.fraction > 0.3; };

  EXPECT_EQ(TrainFull(world.data, {}, context, "/a/model").status().code(), Code::kCancelled);
  EXPECT_FALSE(env_.Exists("/a/model"));
}

TEST_F(TrainSolution, TellsHowFarItIsUpToTheLastFit) {
  const TestWorld world = MakeTestWorld({});
  TrainContext context = Context();
  std::vector<double> fractions;
  bool told_last_fit = false;
  context.on_progress = [&](const TrainProgress& progress) {
    fractions.push_back(progress.fraction);
    told_last_fit = told_last_fit || progress.step.starts_with("sequence transformer, last fit: epoch 1 of ");
  };

  ASSERT_TRUE(TrainFull(world.data, {}, context, "/a/model").ok());

  EXPECT_TRUE(std::ranges::is_sorted(fractions));
  EXPECT_EQ(fractions.back(), 1);
  EXPECT_TRUE(told_last_fit);
}

TEST_F(TrainSolution, RefusesWhenMemoryWouldNotSuffice) {
  const TestWorld world = MakeTestWorld({});
  TrainContext context = Context();
  context.memory_bytes_max = 1000;

  const auto report = TrainFull(world.data, {}, context, "/a/model");

  EXPECT_EQ(report.status().code(), Code::kResourceExhausted);
  EXPECT_THAT(report.status().message(), HasSubstr("the limit is 1000"));
}

TEST_F(TrainSolution, LeavesOutUsersOutsideThePercentiles) {
  const TestWorld world = MakeTestWorld({});

  ASSERT_TRUE(Train(world.data, "/a/all", {.parameters = {{"max_user_history_length_percentile", "1.0"}}}).ok());
  ASSERT_TRUE(Train(world.data, "/a/half", {.parameters = {{"max_user_history_length_percentile", "0.5"}}}).ok());

  const auto all = Load("/a/all");
  const auto half = Load("/a/half");
  std::uint64_t counted_all = 0;
  std::uint64_t counted_half = 0;
  for (std::uint32_t item = 0; item < all->item_count(); ++item) {
    counted_all += all->item_prior(item).interactions;
    counted_half += half->item_prior(item).interactions;
  }
  EXPECT_EQ(counted_all, world.data.interactions.size());
  EXPECT_LT(counted_half, counted_all);
  // They are left out of training alone: their history still counts when they ask.
  for (std::uint32_t user = 0; user < world.data.users.size(); ++user) {
    EXPECT_FALSE(half->FindHistory(world.data.users.id(user)).items.empty());
  }
}

TEST(CheckTrainParameters, KnowsNamesAndRanges) {
  const auto check = [](const std::string& name, const std::string& value) {
    return CheckTrainParameters({.parameters = {{name, value}}});
  };
  for (const auto& [name, value] : std::map<std::string, std::string>{{"hidden_dimension", "32"},
                                                                      {"bptt", "2"},
                                                                      {"recency_mask", "False"},
                                                                      {"min_user_history_length_percentile", "0.0"},
                                                                      {"max_user_history_length_percentile", "1"}}) {
    EXPECT_TRUE(check(name, value).ok()) << name;
  }
  EXPECT_TRUE(check("hidden_dimension", "256").ok());
  EXPECT_TRUE(check("bptt", "32").ok());
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"hidden_dimension", "31"},
                                                        {"hidden_dimension", "257"},
                                                        {"hidden_dimension", "64.5"},
                                                        {"bptt", "1"},
                                                        {"bptt", "33"},
                                                        {"recency_mask", "maybe"},
                                                        {"max_user_history_length_percentile", "1.01"},
                                                        {"min_user_history_length_percentile", "-0.1"},
                                                        {"unheard_of", "1"}}) {
    EXPECT_EQ(check(name, value).code(), Code::kInvalidArgument) << name << " " << value;
    EXPECT_THAT(check(name, value).message(), HasSubstr(name));
  }
}

TEST_F(TrainSolution, PublishesAWholeArtifactOrNoneWhateverTheDiskRefuses) {
  const TestWorld world = MakeTestWorld({.seed = 3, .users = 100, .items = 20, .events_each = 20});
  ASSERT_TRUE(Train(world.data, "/a/full").ok());
  const auto files = env_.List("/a/full").value();
  SweepFaults([&](MemoryEnv& env, SingleFault& fault) {
    ASSERT_TRUE(env.CreateDirectories("/a/full").ok());
    for (const auto& file : files) {
      const std::string path = JoinPath("/a/full", file.name);
      ASSERT_TRUE(env.WriteFileAtomically(path, *env_.ReadFile(path)).ok());
    }
    TrainContext context{
        .env = env, .clock = clock_, .pool = pool_, .cancelled = cancelled_, .on_progress = {}, .memory_bytes_max = 0};
    fault.Arm();
    const auto updated = TrainUpdate("/a/full", world.data, kFewEpochs, context, "/a/update");
    fault.Heal();

    ASSERT_TRUE(updated.ok() || fault.happened());
    if (!updated.ok()) {
      EXPECT_EQ(env.List("/a")->size(), 1u) << "nothing is left of it";
      const auto again = TrainUpdate("/a/full", world.data, kFewEpochs, context, "/a/update");
      ASSERT_TRUE(again.ok()) << again.status().ToString();
    }
    env.Crash();
    ASSERT_TRUE(RecommenderModel::Load(env, "/a/update").ok());
    ASSERT_TRUE(RecommenderModel::Load(env, "/a/full").ok());
  });
}

}  // namespace
}  // namespace attune
