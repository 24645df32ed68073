#include <gtest/gtest.h>

#include "catalog/arn.h"
#include "services/personalize/campaign.h"
#include "services/personalize/dataset.h"
#include "services/personalize/dataset_group.h"
#include "services/personalize/solution.h"
#include "services/personalize/solution_version.h"
#include "services/personalize_events/ingest_index.h"
#include "services/personalize_runtime/runtime_index.h"
#include "storage/memory_env.h"

// What handlers do with resources that stand where no job moves them: here no job runs, so that a test puts them where
// it wants. What clients see is in tests/api.
namespace attune {
namespace {

class ControlPlaneTest : public testing::Test {
 protected:
  void SetUp() override {
    auto catalog = Catalog::Open(":memory:", clock_, entropy_);
    ASSERT_TRUE(catalog.ok()) << catalog.status().ToString();
    catalog_ = *std::move(catalog);
    auto store = KeyValueStore::Open(env_, "/log");
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    store_ = *std::move(store);
    auto log = EventLog::Open(*store_);
    ASSERT_TRUE(log.ok()) << log.status().ToString();
    log_ = *std::move(log);
    served_lists_ = *ServedLists::Open(env_, "/served", clock_);
    recommendation_log_ = *RecommendationLog::Open(env_, "/recommendations", {.percent = 0});
    ingest_index_ = std::make_unique<IngestIndex>(*catalog_);
    runtime_index_ = std::make_unique<RuntimeIndex>(*catalog_, "/datasets");
    context_.reset(new Context{.account_id = "123456789012",
                               .region = "us-east-1",
                               .env = env_,
                               .catalog = *catalog_,
                               .clock = clock_,
                               .entropy = entropy_,
                               .log = *log_,
                               .deployments = deployments_,
                               .live_groups = live_groups_,
                               .served_lists = *served_lists_,
                               .recommendation_log = *recommendation_log_,
                               .score_cache = score_cache_,
                               .slate_cache = slate_cache_,
                               .ingest_index = *ingest_index_,
                               .runtime_index = *runtime_index_,
                               .filter_data = filter_data_,
                               .limits = limits_});
    group_arn_ = Insert<DatasetGroup>("dataset-group/g", "", ResourceStatus::kActive).arn;
    dataset_arn_ = Insert<Dataset>("dataset/g/INTERACTIONS", group_arn_, ResourceStatus::kActive).arn;
    solution_arn_ = Insert<Solution>("solution/s", group_arn_, ResourceStatus::kActive).arn;
    version_arn_ = InsertVersion("v1", ResourceStatus::kActive).arn;
  }

  template <class R>
  R Insert(const std::string& resource, const std::string& parent, ResourceStatus status, R made = {}) {
    made.arn = MakeArn("us-east-1", "123456789012", resource);
    made.name = resource;
    made.parent_arn = parent;
    made.status = status;
    EXPECT_TRUE(catalog_->Insert(made).ok());
    return made;
  }

  SolutionVersion InsertVersion(const std::string& name, ResourceStatus status) {
    SolutionVersion version;
    version.dataset_group_arn = group_arn_;
    return Insert<SolutionVersion>("solution/s/" + name, solution_arn_, status, version);
  }

  Campaign InsertCampaign(ResourceStatus status) {
    Campaign campaign;
    campaign.dataset_group_arn = group_arn_;
    campaign.configuration.solution_version_arn = version_arn_;
    return Insert<Campaign>("campaign/c", solution_arn_, status, campaign);
  }

  Code UpdateTo(const std::string& campaign_arn, const std::string& version_arn) {
    return UpdateCampaign(*context_, {.campaign_arn = campaign_arn, .solution_version_arn = version_arn})
        .status()
        .code();
  }

  FakeClock clock_;
  FakeEntropy entropy_;
  MemoryEnv env_;
  Deployments deployments_;
  LiveGroups live_groups_;
  Limits limits_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<KeyValueStore> store_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<ServedLists> served_lists_;
  std::unique_ptr<RecommendationLog> recommendation_log_;
  ScoreCache score_cache_;
  SlateCache slate_cache_;
  std::unique_ptr<IngestIndex> ingest_index_;
  std::unique_ptr<RuntimeIndex> runtime_index_;
  FilterData filter_data_{FilterHistory::Limits{}};
  std::unique_ptr<Context> context_;
  std::string group_arn_, dataset_arn_, solution_arn_, version_arn_;
};

TEST_F(ControlPlaneTest, ACampaignIsUpdatedOneTimeAfterTheOther) {
  const Campaign campaign = InsertCampaign(ResourceStatus::kActive);
  EXPECT_EQ(UpdateTo(campaign.arn, version_arn_), Code::kOk);
  EXPECT_EQ(UpdateTo(campaign.arn, version_arn_), Code::kBusy) << "the first one is pending";
  EXPECT_EQ(DeleteCampaign(*context_, {.campaign_arn = campaign.arn}).code(), Code::kBusy);
  EXPECT_TRUE(catalog_->Find<Campaign>(campaign.arn).ok());
}

TEST_F(ControlPlaneTest, ACampaignThatIsNotMadeYetIsNeitherUpdatedNorDeleted) {
  const Campaign campaign = InsertCampaign(ResourceStatus::kCreatePending);
  EXPECT_EQ(UpdateTo(campaign.arn, version_arn_), Code::kBusy);
  EXPECT_EQ(DeleteCampaign(*context_, {.campaign_arn = campaign.arn}).code(), Code::kBusy);
}

TEST_F(ControlPlaneTest, ACampaignThatCouldNotBeMadeMayBeUpdatedOrDeleted) {
  const Campaign campaign = InsertCampaign(ResourceStatus::kCreateFailed);
  EXPECT_EQ(UpdateTo(campaign.arn, version_arn_), Code::kOk);
  EXPECT_EQ(UpdateTo(campaign.arn, version_arn_), Code::kBusy);
  auto stored = *catalog_->Find<Campaign>(campaign.arn);
  EXPECT_TRUE(catalog_->Advance(stored, ResourceStatus::kActive).ok()) << "as the job does when it can be served";
}

TEST_F(ControlPlaneTest, ACampaignTakesNoVersionThatIsNotDoneOrOfAnotherSolution) {
  const Campaign campaign = InsertCampaign(ResourceStatus::kActive);
  EXPECT_EQ(UpdateTo(campaign.arn, InsertVersion("v2", ResourceStatus::kCreateInProgress).arn), Code::kBusy);
  EXPECT_EQ(UpdateTo(campaign.arn, solution_arn_ + "/missing"), Code::kNotFound);
  const auto other = Insert<Solution>("solution/t", group_arn_, ResourceStatus::kActive);
  const auto version = Insert<SolutionVersion>("solution/t/v", other.arn, ResourceStatus::kActive);
  EXPECT_EQ(UpdateTo(campaign.arn, version.arn), Code::kInvalidArgument);
  EXPECT_FALSE(catalog_->Find<Campaign>(campaign.arn)->update.has_value()) << "a refused update leaves nothing behind";
}

TEST_F(ControlPlaneTest, ADatasetIsNotDeletedWhileAJobOrATrainingUsesIt) {
  const auto is_busy = [&] { return DeleteDataset(*context_, {.dataset_arn = dataset_arn_}).code() == Code::kBusy; };
  auto import = Insert<DatasetImportJob>("dataset-import-job/i", dataset_arn_, ResourceStatus::kCreatePending);
  EXPECT_TRUE(is_busy());
  ASSERT_TRUE(catalog_->Advance(import, ResourceStatus::kActive).ok());
  auto export_job = Insert<DatasetExportJob>("dataset-export-job/e", dataset_arn_, ResourceStatus::kCreateInProgress);
  EXPECT_TRUE(is_busy());
  ASSERT_TRUE(catalog_->Advance(export_job, ResourceStatus::kCreateFailed, "x").ok());
  auto version = InsertVersion("v2", ResourceStatus::kCreateInProgress);
  EXPECT_TRUE(is_busy());
  ASSERT_TRUE(catalog_->Advance(version, ResourceStatus::kCreateStopping).ok());
  EXPECT_TRUE(is_busy());
  ASSERT_TRUE(catalog_->Advance(version, ResourceStatus::kCreateStopped).ok());
  EXPECT_TRUE(DeleteDataset(*context_, {.dataset_arn = dataset_arn_}).ok());
  EXPECT_EQ(catalog_->Find<DatasetImportJob>(import.arn).status().code(), Code::kNotFound);
}

TEST_F(ControlPlaneTest, ASolutionIsNotDeletedWhileItHasACampaignOrATraining) {
  const Campaign campaign = InsertCampaign(ResourceStatus::kActive);
  EXPECT_EQ(DeleteSolution(*context_, {.solution_arn = solution_arn_}).code(), Code::kBusy);
  ASSERT_TRUE(DeleteCampaign(*context_, {.campaign_arn = campaign.arn}).ok());
  auto version = InsertVersion("v2", ResourceStatus::kCreatePending);
  EXPECT_EQ(DeleteSolution(*context_, {.solution_arn = solution_arn_}).code(), Code::kBusy);
  ASSERT_TRUE(catalog_->Advance(version, ResourceStatus::kCreateFailed, "x").ok());
  EXPECT_TRUE(DeleteSolution(*context_, {.solution_arn = solution_arn_}).ok());
  EXPECT_EQ(catalog_->Find<SolutionVersion>(version_arn_).status().code(), Code::kNotFound);
}

TEST_F(ControlPlaneTest, OnlyAVersionOnItsWayIsStopped) {
  const auto stop = [&](const std::string& arn) {
    return StopSolutionVersionCreation(*context_, {.solution_version_arn = arn}).code();
  };
  EXPECT_EQ(stop(version_arn_), Code::kBusy);
  const auto pending = InsertVersion("v2", ResourceStatus::kCreatePending);
  EXPECT_EQ(stop(pending.arn), Code::kOk);
  EXPECT_EQ(catalog_->Find<SolutionVersion>(pending.arn)->status, ResourceStatus::kCreateStopped);
  const auto running = InsertVersion("v3", ResourceStatus::kCreateInProgress);
  EXPECT_EQ(stop(running.arn), Code::kOk);
  EXPECT_EQ(catalog_->Find<SolutionVersion>(running.arn)->status, ResourceStatus::kCreateStopping);
  EXPECT_EQ(stop(running.arn), Code::kBusy);
}

TEST_F(ControlPlaneTest, TheSolutionVersionsInProgressHaveAQuota) {
  limits_.solution_versions_in_progress = 2;
  const auto create = [&] { return CreateSolutionVersion(*context_, {.solution_arn = solution_arn_}).status().code(); };
  EXPECT_EQ(create(), Code::kOk);
  EXPECT_EQ(create(), Code::kOk);
  EXPECT_EQ(create(), Code::kLimitExceeded);
  const auto versions = catalog_->All<SolutionVersion>(solution_arn_);
  EXPECT_EQ(versions->size(), 3u) << "one ACTIVE, two pending";
}

TEST_F(ControlPlaneTest, ASolutionThatChoosesItsRecipeNamesItOnceItHasAVersion) {
  Solution solution;
  solution.perform_auto_ml = true;
  solution = Insert<Solution>("solution/a", group_arn_, ResourceStatus::kActive, solution);
  EXPECT_FALSE(DescribeSolution(*context_, {.solution_arn = solution.arn})->solution->auto_ml_result.has_value());
  Insert<SolutionVersion>("solution/a/v", solution.arn, ResourceStatus::kActive);
  EXPECT_TRUE(DescribeSolution(*context_, {.solution_arn = solution.arn})->solution->auto_ml_result.has_value());
}

}  // namespace
}  // namespace attune
