#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace attune {
namespace {

constexpr char kGroupArn[] = "arn:aws:personalize:us-east-1:123456789012:dataset-group/g";

class CatalogTest : public testing::Test {
 protected:
  CatalogTest() : path_(testing::TempDir() + "/catalog-" + std::to_string(getpid()) + ".db") { Reopen(); }
  ~CatalogTest() override {
    catalog_.reset();
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  }

  void Reopen() {
    catalog_.reset();
    auto opened = Catalog::Open(path_, clock_, entropy_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    catalog_ = *std::move(opened);
  }

  DatasetGroup InsertGroup(const std::string& name) {
    DatasetGroup group;
    group.arn = "arn:aws:personalize:us-east-1:123456789012:dataset-group/" + name;
    group.name = name;
    EXPECT_TRUE(catalog_->Insert(group).ok());
    return group;
  }

  const std::string path_;
  FakeClock clock_;
  FakeEntropy entropy_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, FindsAfterReopeningWhatWasInserted) {
  Campaign campaign;
  campaign.arn = "arn:aws:personalize:us-east-1:123456789012:campaign/c";
  campaign.name = "c";
  campaign.configuration.solution_version_arn = "v1";
  campaign.configuration.exploration_weight = 0.9;
  campaign.update = CampaignUpdate{.configuration = {.solution_version_arn = "v2"}, .created_ms = 5};
  ASSERT_TRUE(catalog_->Insert(campaign).ok());

  Reopen();
  const auto found = catalog_->Find<Campaign>(campaign.arn);

  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_EQ(found->uid, campaign.uid);
  EXPECT_EQ(found->created_ms, clock_.UnixMilliseconds());
  EXPECT_EQ(found->configuration.exploration_weight, 0.9);
  ASSERT_TRUE(found->update.has_value());
  EXPECT_EQ(found->update->configuration.solution_version_arn, "v2");
  EXPECT_EQ(found->update->created_ms, 5);
}

TEST_F(CatalogTest, KeepsTheSolutionAsItStoodInAVersion) {
  SolutionVersion version;
  version.arn = "arn:aws:personalize:us-east-1:123456789012:solution/s/0123abcd";
  version.solution.arn = "arn:aws:personalize:us-east-1:123456789012:solution/s";
  version.solution.name = "s";
  version.solution.algorithm_hyper_parameters = {{"bptt", "20"}};
  version.solution.excluded_columns = {{"ITEMS", {"GENRES"}}};
  version.metrics = {{"coverage", 0.5}};
  ASSERT_TRUE(catalog_->Insert(version).ok());

  const auto found = catalog_->Find<SolutionVersion>(version.arn);

  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->solution.arn, version.solution.arn);
  EXPECT_EQ(found->solution.algorithm_hyper_parameters, version.solution.algorithm_hyper_parameters);
  EXPECT_EQ(found->solution.excluded_columns, version.solution.excluded_columns);
  EXPECT_EQ(found->metrics, version.metrics);
}

TEST_F(CatalogTest, RefusesASecondResourceWithTheSameArn) {
  InsertGroup("g");
  DatasetGroup again;
  again.arn = kGroupArn;
  const Status status = catalog_->Insert(again);
  EXPECT_EQ(status.ToString(),
            "AlreadyExists: Another resource with Arn " + std::string(kGroupArn) + " already exists.");
}

TEST_F(CatalogTest, DoesNotFindAnArnOfAnotherKind) {
  InsertGroup("g");
  EXPECT_EQ(catalog_->Find<Campaign>(kGroupArn).status().ToString(),
            "NotFound: Resource Arn " + std::string(kGroupArn) + " does not exist.");
}

TEST_F(CatalogTest, ListsThreeInPagesOfOneOldestFirst) {
  for (const char* name : {"b", "a", "c"}) InsertGroup(name);
  std::vector<std::string> names;
  ListQuery query{.limit = 1};
  int pages = 0;
  do {
    const auto page = catalog_->List<DatasetGroup>(query);
    ASSERT_TRUE(page.ok());
    ASSERT_EQ(page->resources.size(), 1u);
    names.push_back(page->resources[0].name);
    query.page_token = page->next_token;
    ++pages;
  } while (!query.page_token.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(names, (std::vector<std::string>{"b", "a", "c"}));
}

TEST_F(CatalogTest, ListsAndCountsTheChildrenOfOneParentInPages) {
  for (const char* name : {"a", "b", "c"}) {
    Solution solution;
    solution.arn = std::string("arn:aws:personalize:us-east-1:123456789012:solution/") + name;
    solution.parent_arn = name == std::string("b") ? "other" : "group";
    ASSERT_TRUE(catalog_->Insert(solution).ok());
  }
  const auto first = catalog_->List<Solution>({.parent_arn = "group", .limit = 1});
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  ASSERT_EQ(first->resources.size(), 1u);
  const auto second = catalog_->List<Solution>({.parent_arn = "group", .page_token = first->next_token, .limit = 1});
  ASSERT_TRUE(second.ok());
  ASSERT_EQ(second->resources.size(), 1u);
  EXPECT_TRUE(second->resources[0].arn.ends_with("/c"));
  EXPECT_TRUE(second->next_token.empty());
  EXPECT_EQ(catalog_->All<Solution>("group")->size(), 2u);
  const Status counted = catalog_->Transact([](CatalogTransaction& transaction) -> Status {
    EXPECT_EQ(*transaction.Count(ResourceKind::kSolution, {.parent_arn = "group"}), 2u);
    EXPECT_EQ(*transaction.Count(ResourceKind::kSolution,
                                 {.parent_arn = "group", .statuses = {ResourceStatus::kCreatePending}}),
              2u);
    EXPECT_EQ(*transaction.Count(ResourceKind::kSolution, {.statuses = {ResourceStatus::kActive}}), 0u);
    return {};
  });
  EXPECT_TRUE(counted.ok());
}

TEST_F(CatalogTest, ListsAndCountsWhatBeginsAlike) {
  for (const char* region : {"us-east-1", "eu-west-1", "us-east-1"}) {
    Solution solution;
    const std::string name = std::to_string(catalog_->All<Solution>()->size());
    solution.arn = std::string("arn:aws:personalize:") + region + ":123456789012:solution/" + name;
    ASSERT_TRUE(catalog_->Insert(solution).ok());
  }
  const std::string prefix = "arn:aws:personalize:us-east-1:";
  const auto first = catalog_->List<Solution>({.arn_prefix = prefix, .limit = 1});
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  const auto second = catalog_->List<Solution>({.arn_prefix = prefix, .page_token = first->next_token});
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  ASSERT_EQ(second->resources.size(), 1u);
  EXPECT_TRUE(second->resources[0].arn.ends_with("/2"));
  EXPECT_EQ(catalog_->List<Solution>({.page_token = first->next_token}).status().code(), Code::kInvalidPageToken);
  const Status counted = catalog_->Transact([&](CatalogTransaction& transaction) -> Status {
    EXPECT_EQ(*transaction.Count(ResourceKind::kSolution, {.arn_prefix = prefix}), 2u);
    EXPECT_EQ(*transaction.Count(ResourceKind::kSolution, {.arn_prefix = "arn:aws:personalize:_s-east-1:"}), 0u);
    return {};
  });
  EXPECT_TRUE(counted.ok());
}

TEST_F(CatalogTest, ListsByStatus) {
  auto ready = InsertGroup("ready");
  InsertGroup("pending");
  ASSERT_TRUE(catalog_->Advance(ready, ResourceStatus::kActive).ok());
  const auto all = catalog_->All<DatasetGroup>({}, TransientStatuses());
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->front().name, "pending");
}

TEST_F(CatalogTest, RefusesAPageTokenOfAnotherList) {
  InsertGroup("a");
  InsertGroup("b");
  const auto page = catalog_->List<DatasetGroup>({.limit = 1});
  ASSERT_TRUE(page.ok());
  for (const std::string& token : {std::string("garbage"), std::string("MTox"), std::string(1500, 'A')}) {
    EXPECT_EQ(catalog_->List<DatasetGroup>({.page_token = token}).status().code(), Code::kInvalidPageToken);
  }
  EXPECT_EQ(catalog_->List<Campaign>({.page_token = page->next_token}).status().code(), Code::kInvalidPageToken);
  EXPECT_EQ(catalog_->List<DatasetGroup>({.parent_arn = "x", .page_token = page->next_token}).status().code(),
            Code::kInvalidPageToken);
}

TEST_F(CatalogTest, ForbidsAStatusChangeThatIsNotInTheTable) {
  auto group = InsertGroup("g");
  ASSERT_TRUE(catalog_->Advance(group, ResourceStatus::kActive).ok());
  EXPECT_EQ(catalog_->Advance(group, ResourceStatus::kCreateInProgress).code(), Code::kBusy);
  EXPECT_EQ(catalog_->Find<DatasetGroup>(group.arn)->status, ResourceStatus::kActive);
}

TEST_F(CatalogTest, StopsOnlyTrainings) {
  EXPECT_TRUE(
      MayAdvance(ResourceKind::kSolutionVersion, ResourceStatus::kCreateInProgress, ResourceStatus::kCreateStopping));
  EXPECT_FALSE(MayAdvance(ResourceKind::kCampaign, ResourceStatus::kCreateInProgress, ResourceStatus::kCreateStopping));
}

TEST_F(CatalogTest, UndoesEverythingWhenATransactionFails) {
  const Status status = catalog_->Transact([](CatalogTransaction& transaction) -> Status {
    DatasetGroup group;
    group.arn = kGroupArn;
    ATTUNE_RETURN_IF_ERROR(transaction.Insert(group));
    return Busy("no");
  });
  EXPECT_EQ(status.code(), Code::kBusy);
  EXPECT_EQ(catalog_->Find<DatasetGroup>(kGroupArn).status().code(), Code::kNotFound);
}

TEST_F(CatalogTest, TakesFiftyTagsAndRefusesTheFiftyFirst) {
  InsertGroup("g");
  std::map<std::string, std::string> tags;
  for (int i = 0; i < 50; ++i) tags["k" + std::to_string(i)] = "v";
  const auto add = [&](const std::map<std::string, std::string>& more) {
    return catalog_->Transact([&](CatalogTransaction& transaction) { return transaction.AddTags(kGroupArn, more); });
  };
  EXPECT_TRUE(add(tags).ok());
  EXPECT_TRUE(add({{"k0", "new value"}}).ok());
  EXPECT_EQ(add({{"one more", ""}}).code(), Code::kTooManyTags);
}

TEST_F(CatalogTest, RemovesTheTagsWithTheResource) {
  InsertGroup("g");
  const Status status = catalog_->Transact([](CatalogTransaction& transaction) -> Status {
    ATTUNE_RETURN_IF_ERROR(transaction.AddTags(kGroupArn, {{"a", "b"}}));
    ATTUNE_RETURN_IF_ERROR(transaction.Remove(kGroupArn));
    ATTUNE_TRY(const auto tags, transaction.Tags(kGroupArn));
    return tags.empty() ? Status() : Internal("a tag outlived its resource");
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST_F(CatalogTest, GivesARecreatedResourceAnotherUid) {
  const auto first = InsertGroup("g");
  ASSERT_TRUE(catalog_->Transact([](CatalogTransaction& transaction) { return transaction.Remove(kGroupArn); }).ok());
  auto stale = first;
  const auto second = InsertGroup("g");
  EXPECT_NE(first.uid, second.uid);
  EXPECT_EQ(catalog_->Update(stale).code(), Code::kNotFound);
}

TEST_F(CatalogTest, CopiesItselfAndLetsNothingChangeBeforeTheOthersAreCopied) {
  const DatasetGroup before = InsertGroup("before");
  const std::string copy_path = path_ + ".copy";
  std::filesystem::remove(copy_path);

  ASSERT_TRUE(catalog_->CopyTo(copy_path, [] { return Status(); }).ok());
  InsertGroup("after");

  const auto copy = *Catalog::Open(copy_path, clock_, entropy_);
  const auto groups = copy->All<DatasetGroup>();
  ASSERT_EQ(groups->size(), 1u);
  EXPECT_EQ(groups->front().uid, before.uid);
  EXPECT_EQ(catalog_->CopyTo(path_ + "/no/folder", [] { return Status(); }).code(), Code::kIo);
  EXPECT_EQ(catalog_->CopyTo(copy_path, [] { return Busy("so"); }), Busy("so"));
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(copy_path + suffix);
}

TEST_F(CatalogTest, TellsItsListenerOfChangesOnly) {
  int changes = 0;
  catalog_->OnChange([&] { ++changes; });
  InsertGroup("g");
  (void)catalog_->Find<DatasetGroup>(kGroupArn);
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(catalog_->change_count(), 1u);
}

}  // namespace
}  // namespace attune
