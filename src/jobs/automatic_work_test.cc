#include <gtest/gtest.h>

#include "catalog/arn.h"
#include "jobs/follow_latest_version.h"
#include "jobs/train_automatically.h"
#include "jobs/update_automatically.h"
#include "storage/directory_object_store.h"
#include "storage/memory_env.h"

namespace attune {
namespace {

using std::chrono::days;
using std::chrono::minutes;

/// Sources on a catalog and a log of their own, under a clock that the test moves. Nothing is trained: versions stand
/// where the test puts them.
class AutomaticWorkTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = *DataDirectory::Open(env_, "/data");
    catalog_ = *Catalog::Open(":memory:", clock_, entropy_);
    store_ = *KeyValueStore::Open(env_, directory_->log_path());
    log_ = *EventLog::Open(*store_);
    objects_ = *DirectoryObjectStore::Open(env_, clock_, entropy_, *store_, directory_->objects_path());
    identities_ = *IdentityStore::Open(*store_, clock_, entropy_, "123456789012");
    role_access_ = std::make_unique<RoleAccessChecker>(*identities_, *objects_, "us-east-1");
    served_lists_ = *ServedLists::Open(env_, "/served", clock_);
    environment_.reset(new JobEnvironment{.env = env_,
                                          .clock = clock_,
                                          .entropy = entropy_,
                                          .directory = *directory_,
                                          .catalog = *catalog_,
                                          .log = *log_,
                                          .objects = *objects_,
                                          .role_access = *role_access_,
                                          .live_groups = live_groups_,
                                          .deployments = deployments_,
                                          .served_lists = *served_lists_,
                                          .training_pool = pool_});
    DatasetGroup group;
    group_arn_ = Insert(group, "dataset-group/g", "", ResourceStatus::kActive).arn;
    Dataset dataset;
    dataset.type = "INTERACTIONS";
    dataset_ = Insert(dataset, "dataset/g/INTERACTIONS", group_arn_, ResourceStatus::kActive);
    Solution solution;
    solution.perform_auto_training = true;
    solution_ = Insert(solution, "solution/s", group_arn_, ResourceStatus::kActive);
  }

  template <class R>
  R Insert(R resource, const std::string& name, const std::string& parent, ResourceStatus status) {
    resource.arn = MakeArn("us-east-1", "123456789012", name);
    resource.name = name;
    resource.parent_arn = parent;
    resource.status = status;
    EXPECT_TRUE(catalog_->Insert(resource).ok());
    return resource;
  }

  SolutionVersion InsertVersion(const std::string& name, ResourceStatus status) {
    SolutionVersion version;
    version.training_mode = "FULL";
    version.training_type = "MANUAL";
    version.dataset_group_arn = group_arn_;
    return Insert(version, "solution/s/" + name, solution_.arn, status);
  }

  void PutEvent() { ASSERT_TRUE(log_->Append(DatasetStream(dataset_.uid), std::vector<std::string>{"event"}).ok()); }

  /// Runs what is due; gives the solution's versions of trainingType AUTOMATIC.
  std::vector<SolutionVersion> RunTraining() {
    std::vector<std::unique_ptr<WorkSource>> sources;
    sources.push_back(TrainAutomaticallyWork(*environment_));
    EXPECT_TRUE(JobRunner(std::move(sources), {}).RunUntilIdle().ok());
    auto versions = *catalog_->All<SolutionVersion>(solution_.arn);
    std::erase_if(versions, [](const auto& version) { return version.training_type != "AUTOMATIC"; });
    return versions;
  }

  /// As the training job leaves it.
  void Finish(SolutionVersion version) {
    version.data_sequence = static_cast<std::int64_t>(log_->LastSequence());
    ASSERT_TRUE(catalog_->Update(version).ok());
    ASSERT_TRUE(catalog_->Advance(version, ResourceStatus::kActive).ok());
  }

  MemoryEnv env_;
  FakeClock clock_;
  FakeEntropy entropy_;
  ThreadPool pool_{1, 1};
  LiveGroups live_groups_;
  Deployments deployments_;
  std::unique_ptr<DataDirectory> directory_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<KeyValueStore> store_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<DirectoryObjectStore> objects_;
  std::unique_ptr<IdentityStore> identities_;
  std::unique_ptr<RoleAccessChecker> role_access_;
  std::unique_ptr<ServedLists> served_lists_;
  std::unique_ptr<JobEnvironment> environment_;
  std::string group_arn_;
  Dataset dataset_;
  Solution solution_;
};

TEST_F(AutomaticWorkTest, TheFirstTrainingBeginsAfterItsDelayAndTheNextAWeekAfterThat) {
  PutEvent();
  clock_.Advance(minutes(30) - std::chrono::milliseconds(1));
  EXPECT_TRUE(RunTraining().empty());
  clock_.Advance(std::chrono::milliseconds(1));
  auto versions = RunTraining();
  ASSERT_EQ(versions.size(), 1u);
  EXPECT_EQ(versions[0].training_mode, "FULL");
  EXPECT_EQ(versions[0].status, ResourceStatus::kCreatePending);
  EXPECT_EQ(versions[0].solution.name, solution_.name);
  Finish(versions[0]);

  PutEvent();
  clock_.Advance(days(7) - std::chrono::milliseconds(1));
  EXPECT_EQ(RunTraining().size(), 1u);
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(RunTraining().size(), 2u);
}

TEST_F(AutomaticWorkTest, NothingIsTrainedWithoutNewData) {
  clock_.Advance(minutes(31));
  EXPECT_TRUE(RunTraining().empty()) << "there is no data at all";
  PutEvent();
  auto versions = RunTraining();
  ASSERT_EQ(versions.size(), 1u);
  Finish(versions[0]);
  clock_.Advance(days(8));
  EXPECT_EQ(RunTraining().size(), 1u);
  PutEvent();
  EXPECT_EQ(RunTraining().size(), 2u);
}

TEST_F(AutomaticWorkTest, AVersionMadeByHandInTheFirstHalfHourStandsForTheFirstTraining) {
  PutEvent();
  clock_.Advance(minutes(5));
  InsertVersion("by-hand", ResourceStatus::kActive);
  clock_.Advance(minutes(30));
  EXPECT_TRUE(RunTraining().empty());
  clock_.Advance(days(7));
  EXPECT_EQ(RunTraining().size(), 1u);
}

TEST_F(AutomaticWorkTest, AVersionMadeByHandThatFailedStandsForNothing) {
  PutEvent();
  clock_.Advance(minutes(5));
  InsertVersion("by-hand", ResourceStatus::kCreateFailed);
  clock_.Advance(minutes(25));
  EXPECT_EQ(RunTraining().size(), 1u);
}

TEST_F(AutomaticWorkTest, WaitsForATrainingThatIsOnItsWay) {
  PutEvent();
  clock_.Advance(minutes(40));
  auto version = InsertVersion("by-hand", ResourceStatus::kCreateInProgress);
  EXPECT_TRUE(RunTraining().empty());
  ASSERT_TRUE(catalog_->Advance(version, ResourceStatus::kActive).ok());
  EXPECT_EQ(RunTraining().size(), 1u);
}

TEST_F(AutomaticWorkTest, FollowsTheSolutionsOwnRateAndItsSwitch) {
  PutEvent();
  solution_.auto_training_expression = "rate(2 days)";
  solution_.perform_auto_training = false;
  ASSERT_TRUE(catalog_->Update(solution_).ok());
  clock_.Advance(days(30));
  EXPECT_TRUE(RunTraining().empty());

  solution_.perform_auto_training = true;
  solution_.auto_training_from_ms = clock_.UnixMilliseconds();  // As UpdateSolution does.
  ASSERT_TRUE(catalog_->Update(solution_).ok());
  clock_.Advance(minutes(30));
  auto versions = RunTraining();
  ASSERT_EQ(versions.size(), 1u);
  Finish(versions[0]);
  PutEvent();
  clock_.Advance(days(2));
  EXPECT_EQ(RunTraining().size(), 2u);
}

TEST_F(AutomaticWorkTest, ACampaignThatSyncsTurnsToEachNewVersionThatIsActive) {
  const auto first = InsertVersion("v1", ResourceStatus::kActive);
  Campaign campaign;
  campaign.configuration = {.solution_version_arn = first.arn,
                            .follows_latest = true,
                            .exploration_weight = 0.7,
                            .sync_with_latest_solution_version = true};
  campaign = Insert(campaign, "campaign/synced", solution_.arn, ResourceStatus::kActive);
  campaign.configuration.sync_with_latest_solution_version = false;
  const auto other = Insert(campaign, "campaign/left-alone", solution_.arn, ResourceStatus::kActive);
  const auto run = [&] {
    std::vector<std::unique_ptr<WorkSource>> sources;
    sources.push_back(FollowLatestVersionWork(*environment_));
    EXPECT_TRUE(JobRunner(std::move(sources), {}).RunUntilIdle().ok());
    return *catalog_->Find<Campaign>(campaign.arn);
  };

  InsertVersion("broken", ResourceStatus::kCreateFailed);
  EXPECT_FALSE(run().update.has_value());
  const auto second = InsertVersion("v2", ResourceStatus::kActive);
  auto updated = run();
  ASSERT_TRUE(updated.update.has_value());
  EXPECT_EQ(updated.update->configuration.solution_version_arn, second.arn);
  EXPECT_EQ(updated.update->configuration.exploration_weight, 0.7);
  EXPECT_EQ(updated.update->status, ResourceStatus::kCreatePending);
  EXPECT_FALSE(catalog_->Find<Campaign>(other.arn)->update.has_value());

  updated.update->status = ResourceStatus::kCreateFailed;  // It could not be deployed: not again and again.
  ASSERT_TRUE(catalog_->Update(updated).ok());
  EXPECT_EQ(run().update->status, ResourceStatus::kCreateFailed);
  const auto third = InsertVersion("v3", ResourceStatus::kActive);
  EXPECT_EQ(run().update->configuration.solution_version_arn, third.arn);
}

TEST_F(AutomaticWorkTest, AServedVersionIsUpdatedEveryTwoHoursWhereThereIsSomethingNew) {
  auto served = InsertVersion("v1", ResourceStatus::kActive);
  served.refreshed_ms = clock_.UnixMilliseconds();
  ASSERT_TRUE(catalog_->Update(served).ok());
  Campaign campaign;
  campaign.configuration = {.solution_version_arn = served.arn};
  Insert(campaign, "campaign/c", solution_.arn, ResourceStatus::kActive);
  const auto source = UpdateAutomaticallyWork(*environment_);
  const auto due = [&] {
    std::vector<std::string> keys;
    const auto works = source->Due();
    EXPECT_TRUE(works.ok());
    for (const Work& work : *works) keys.push_back(work.key);
    return keys;
  };
  const std::vector<std::string> nothing;
  const std::vector<std::string> this_one{served.arn};

  clock_.Advance(days(1));
  EXPECT_EQ(due(), nothing) << "nothing is new";
  PutEvent();
  EXPECT_EQ(due(), this_one);
  served.refreshed_ms = clock_.UnixMilliseconds();
  ASSERT_TRUE(catalog_->Update(served).ok());
  clock_.Advance(environment_->automatic.update_every - std::chrono::milliseconds(1));
  EXPECT_EQ(due(), nothing) << "a millisecond early";
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(due(), this_one);

  // One that fails, as this one that has no artifact, is tried again when the next is due.
  const auto works = source->Due();
  ASSERT_TRUE(works.ok());
  works->front().run(CancelFlag());
  EXPECT_EQ(due(), nothing);
  clock_.Advance(environment_->automatic.update_every);
  EXPECT_EQ(due(), this_one);

  auto update = InsertVersion("v2", ResourceStatus::kActive);
  update.training_mode = "UPDATE";
  ASSERT_TRUE(catalog_->Update(update).ok());
  EXPECT_EQ(due(), this_one) << "still the newest FULL one";
  InsertVersion("v3", ResourceStatus::kActive);
  EXPECT_EQ(due(), nothing) << "a newer FULL one that no campaign serves";
}

TEST_F(AutomaticWorkTest, ACampaignOnAVersionOfModeUpdateIsNotUpdated) {
  auto version = InsertVersion("v1", ResourceStatus::kActive);
  version.training_mode = "UPDATE";
  ASSERT_TRUE(catalog_->Update(version).ok());
  Campaign campaign;
  campaign.configuration = {.solution_version_arn = version.arn};
  Insert(campaign, "campaign/c", solution_.arn, ResourceStatus::kActive);
  PutEvent();
  clock_.Advance(days(30));

  EXPECT_TRUE(UpdateAutomaticallyWork(*environment_)->Due()->empty());
}

}  // namespace
}  // namespace attune
