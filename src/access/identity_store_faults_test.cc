#include <gtest/gtest.h>

#include <string>

#include "access/identity_store.h"
#include "storage/fault_sweep.h"

namespace attune {
namespace {

/// An identity store with all that it needs, as one process has it.
struct World {
  explicit World(MemoryEnv& env)
      : values(*KeyValueStore::Open(env, "/kv")),
        identities(*IdentityStore::Open(*values, clock, entropy, "123456789012")) {}

  FakeClock clock{1'000};
  FakeEntropy entropy{1};
  std::unique_ptr<KeyValueStore> values;
  std::unique_ptr<IdentityStore> identities;
};

/// Everybody and everything that a store knows.
std::string Everything(const IdentityStore& store) {
  std::string all;
  for (const Role& role : store.Roles()) all += "role " + role.name + " " + role.description + "\n";
  for (const User& user : store.Users()) {
    all += "user " + user.name;
    for (const UserAccessKey& key : user.keys) all += " " + key.id;
    all += "\n";
  }
  for (const CustomerPolicy& policy : store.Policies()) all += "policy " + policy.name + "\n";
  return all;
}

TEST(IdentityStoreFaults, KnowWhatWasAcknowledgedAndNothingElseInThisProcessAndTheNext) {
  SweepFaults([](MemoryEnv& env, SingleFault& fault) {
    std::string known;
    {
      World world(env);
      IdentityStore& store = *world.identities;
      ASSERT_TRUE(store.InsertRole({.name = "kept"}).ok());
      ASSERT_TRUE(store.InsertUser({.name = "leaver"}).ok());
      fault.Arm();
      const bool updated = store
                               .UpdateRole("kept",
                                           [](Role& role) -> Status {
                                             role.description = "changed";
                                             return {};
                                           })
                               .ok();
      const bool inserted = store.InsertUser({.name = "comer"}).ok();
      const auto key = inserted ? store.CreateAccessKey("comer") : Result<UserAccessKey>(NotFound("comer"));
      const bool made = store.InsertPolicy({.name = "policy"}).ok();
      const bool removed = store.DeleteUser("leaver").ok();
      fault.Heal();
      ASSERT_TRUE((updated && inserted && key.ok() && made && removed) || fault.happened());

      // The next write, on a disk that is well, works; only then is it settled what the refused one left.
      ASSERT_TRUE(store.InsertRole({.name = "last"}).ok());
      EXPECT_EQ(store.FindRole("kept")->description, updated ? "changed" : "");
      EXPECT_EQ(store.FindUser("comer").ok(), inserted);
      EXPECT_EQ(store.FindUser("leaver").ok(), !removed);
      EXPECT_TRUE(!key.ok() || store.FindAccessKey(key->id).has_value());
      known = Everything(store);
    }
    EXPECT_EQ(Everything(*World(env).identities), known);
  });
}

}  // namespace
}  // namespace attune
