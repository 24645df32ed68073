#include <gtest/gtest.h>

#include <set>
#include <string>

#include "serve/served_lists.h"
#include "storage/fault_sweep.h"

namespace attune {
namespace {

const FakeClock kClock;

ServedList List(const std::string& item_id) {
  return {.deployment = "campaign",
          .model = "model",
          .user_id = "u",
          .item_ids = {item_id},
          .scores = {-1.0F},
          .propensities = {0.5F}};
}

Result<std::unique_ptr<ServedLists>> Open(Env& env) {
  // Two lists fill a file.
  return ServedLists::Open(env, "/served", kClock, {.lists_max = 2 * ServedLists::kFiles});
}

void ExpectAll(const ServedLists& lists, const std::set<std::string>& remembered) {
  for (const std::string& id : remembered) {
    const auto list = lists.Find(id);
    ASSERT_TRUE(list.has_value()) << id;
    ASSERT_EQ(list->item_ids[0], id);
  }
}

TEST(ServedListsFaults, LoseNoListThatWasRememberedAndGoOn) {
  SweepFaults([](MemoryEnv& env, SingleFault& fault) {
    std::set<std::string> remembered;
    auto lists = *Open(env);
    fault.Arm();
    for (const char* const id : {"a", "b", "c", "d", "e"}) {
      if (lists->Remember(id, List(id)).ok()) remembered.insert(id);
    }
    fault.Heal();
    ASSERT_GE(remembered.size(), fault.happened() ? 4u : 5u);
    ASSERT_NO_FATAL_FAILURE(ExpectAll(*lists, remembered));

    for (const char* const id : {"a", "b", "c", "d", "e", "f"}) {
      ASSERT_TRUE(lists->Remember(id, List(id)).ok());
      remembered.insert(id);
    }
    ASSERT_NO_FATAL_FAILURE(ExpectAll(*lists, remembered));
    ASSERT_NO_FATAL_FAILURE(ExpectAll(**Open(env), remembered)) << "in the next process";
  });
}

TEST(ServedListsFaults, LoseNothingByAStartThatFails) {
  SweepFaults([](MemoryEnv& env, SingleFault& fault) {
    const std::set<std::string> remembered = {"a", "b", "c", "d"};
    {
      const auto lists = *Open(env);
      for (const std::string& id : remembered) ASSERT_TRUE(lists->Remember(id, List(id)).ok());
    }
    fault.Arm();
    const auto start = Open(env);
    fault.Heal();
    ASSERT_TRUE(start.ok() || fault.happened());
    if (start.ok()) {
      ASSERT_NO_FATAL_FAILURE(ExpectAll(**start, remembered));
    }
    ASSERT_NO_FATAL_FAILURE(ExpectAll(**Open(env), remembered));
  });
}

}  // namespace
}  // namespace attune
