#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "catalog/catalog.h"
#include "catalog/faulty_sqlite.h"

namespace attune {
namespace {

constexpr char kPrefix[] = "arn:aws:personalize:us-east-1:123456789012:dataset-group/";

DatasetGroup Group(const std::string& name) {
  DatasetGroup group;
  group.arn = kPrefix + name;
  group.name = name;
  return group;
}

/// What the catalog was asked to do, in this order, and what it acknowledged.
class Work {
 public:
  explicit Work(std::string path) : path_(std::move(path)) {}

  /// Two openings, so that a checkpoint, which SQLite makes when it closes, stands between changes.
  void Run() {
    for (const bool is_first : {true, false}) {
      auto opened = Catalog::Open(path_, clock_, entropy_);
      Note(opened.status(), is_first ? "open" : "open again");
      if (!opened.ok()) continue;
      is_first ? BeginIn(**opened) : GoOnIn(**opened);
    }
  }

  bool acknowledged(const std::string& step) const { return acknowledged_.contains(step); }
  bool tried(const std::string& step) const { return tried_.contains(step); }
  /// Steps that failed with an error; their statuses.
  const std::vector<Status>& failures() const { return failures_; }

 private:
  void Note(const Status& status, const std::string& step) {
    tried_.insert(step);
    if (status.ok()) {
      acknowledged_.insert(step);
    } else {
      failures_.push_back(status);
    }
  }

  void BeginIn(Catalog& catalog) {
    auto one = Group("one");
    Note(catalog.Insert(one), "one");
    Note(catalog.Transact([&](CatalogTransaction& transaction) -> Status {
      auto left = Group("left");
      auto right = Group("right");
      ATTUNE_RETURN_IF_ERROR(transaction.Insert(left));
      ATTUNE_RETURN_IF_ERROR(transaction.Insert(right));
      return transaction.AddTags(left.arn, {{"half", "of a pair"}});
    }),
         "left");
    auto gone = Group("gone");
    Note(catalog.Insert(gone), "gone");
  }

  void GoOnIn(Catalog& catalog) {
    if (acknowledged("one")) {
      Note(catalog.Transact([](CatalogTransaction& transaction) -> Status {
        ATTUNE_TRY(auto found, transaction.Find<DatasetGroup>(kPrefix + std::string("one")));
        return transaction.Advance(found, ResourceStatus::kActive);
      }),
           "advanced");
    }
    if (acknowledged("gone")) {
      Note(catalog.Transact([](CatalogTransaction& transaction) -> Status {
        return transaction.Remove(kPrefix + std::string("gone"));
      }),
           "removed");
    }
    auto last = Group("last");
    last.role_arn = std::string(20'000, 'r');  // Several pages.
    Note(catalog.Insert(last), "last");
  }

  const std::string path_;
  FakeClock clock_;
  FakeEntropy entropy_;
  std::set<std::string> tried_;
  std::set<std::string> acknowledged_;
  std::vector<Status> failures_;
};

class CatalogFaults : public testing::Test {
 protected:
  CatalogFaults() : folder_(testing::TempDir() + "/catalog-faults-" + std::to_string(getpid())) { Clear(); }
  ~CatalogFaults() override { std::filesystem::remove_all(folder_); }

  void Clear() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  std::string path() const { return folder_ + "/catalog.db"; }

  /// After a restart: what was acknowledged is there, nothing by half, and the catalog takes more.
  void Check(const Work& work) {
    auto opened = Catalog::Open(path(), clock_, entropy_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    Catalog& catalog = **opened;
    std::map<std::string, ResourceStatus> found;
    const auto groups = catalog.All<DatasetGroup>();
    ASSERT_TRUE(groups.ok()) << groups.status().ToString();
    for (const auto& group : *groups) found[group.name] = group.status;
    for (const std::string name : {"one", "left", "last"}) {
      EXPECT_TRUE(found.contains(name) || !work.acknowledged(name)) << name;
    }
    EXPECT_EQ(found.contains("left"), found.contains("right"));
    ASSERT_TRUE(catalog
                    .Transact([&](CatalogTransaction& transaction) -> Status {
                      ATTUNE_TRY(const auto tags, transaction.Tags(kPrefix + std::string("left")));
                      EXPECT_EQ(tags.size(), found.contains("left") ? 1u : 0u);
                      return {};
                    })
                    .ok());
    EXPECT_FALSE(found.contains("gone") && work.acknowledged("removed"));
    EXPECT_TRUE(found.contains("gone") || !work.acknowledged("gone") || work.acknowledged("removed") ||
                work.tried("removed"));
    EXPECT_TRUE(found["one"] == ResourceStatus::kActive || !work.acknowledged("advanced"));
    auto more = Group("more");
    EXPECT_TRUE(catalog.Insert(more).ok());
  }

  const std::string folder_;
  FakeClock clock_;
  FakeEntropy entropy_;
};

TEST_F(CatalogFaults, HoldsWhatItAcknowledgedAndNothingByHalfWhereverThePowerIsCut) {
  for (const CrashKind kind : {CrashKind::kLoseUnsynced, CrashKind::kTearUnsynced}) {
    for (std::uint64_t call = 0;; ++call) {
      SCOPED_TRACE("call " + std::to_string(call));
      Clear();
      FaultySqlite sqlite(call);
      sqlite.StopAtCall(call);
      Work work(path());
      work.Run();
      const bool reached = sqlite.call_count() > call;
      sqlite.Crash(kind);
      Check(work);
      if (HasFailure()) return;
      if (!reached) {
        EXPECT_TRUE(work.failures().empty());
        break;
      }
    }
  }
}

TEST_F(CatalogFaults, NeverAcknowledgesAndLosesWhicheverCallFailsAndGoesOnAfterwards) {
  for (const Fault fault : {Fault::kIo, Fault::kNoSpace, Fault::kShortWrite, Fault::kFailedSync}) {
    for (std::uint64_t call = 0;; ++call) {
      SCOPED_TRACE("call " + std::to_string(call) + ", fault " + std::to_string(static_cast<int>(fault)));
      Clear();
      FaultySqlite sqlite(call);
      sqlite.FailCall(call, fault);
      Work work(path());
      work.Run();
      const bool reached = sqlite.call_count() > call;
      for (const Status& failure : work.failures()) {
        EXPECT_TRUE(failure.code() == Code::kIo || failure.code() == Code::kResourceExhausted) << failure.ToString();
      }
      // One call, one operation that fails; where that is the first opening, what it was to do was not asked for.
      EXPECT_LE(work.failures().size(), 1u);
      sqlite.Crash();
      Check(work);
      if (HasFailure()) return;
      if (!reached) {
        EXPECT_TRUE(work.failures().empty());
        break;
      }
    }
  }
}

TEST_F(CatalogFaults, RefusesChangesOnAFullDiskReadsOnAndTakesThemAgainAfterwards) {
  FaultySqlite sqlite;
  {
    auto catalog = *Catalog::Open(path(), clock_, entropy_);
    auto one = Group("one");
    ASSERT_TRUE(catalog->Insert(one).ok());
    sqlite.FailEveryChange(Fault::kNoSpace);

    for (int i = 0; i < 3; ++i) {
      auto two = Group("two");
      EXPECT_EQ(catalog->Insert(two).code(), Code::kResourceExhausted);
      EXPECT_TRUE(catalog->Find<DatasetGroup>(one.arn).ok());
    }

    sqlite.FailEveryChange(std::nullopt);
    auto two = Group("two");
    EXPECT_TRUE(catalog->Insert(two).ok());
  }
  sqlite.Crash();
  auto catalog = *Catalog::Open(path(), clock_, entropy_);
  EXPECT_EQ(catalog->All<DatasetGroup>()->size(), 2u);
}

}  // namespace
}  // namespace attune
