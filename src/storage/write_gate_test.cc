#include "storage/write_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory_env.h"

namespace attune {
namespace {

using std::chrono_literals::operator""ms;

class WriteGateTest : public testing::Test {
 protected:
  WriteGateTest() : store_(*KeyValueStore::Open(env_, "/log")), gate_(env_, clock_, *store_, "/log", {}) {}

  MemoryEnv env_;
  FakeClock clock_;
  std::unique_ptr<KeyValueStore> store_;
  WriteGate gate_;
};

TEST_F(WriteGateTest, IsOpenOnAHealthyDisk) { EXPECT_TRUE(gate_.Check().ok()); }

TEST_F(WriteGateTest, ClosesBelowTheFreeSpaceAndOpensAtIt) {
  const std::uint64_t limit = WriteGate::Options().free_bytes_min;
  env_.SetFreeBytes(limit - 1);
  EXPECT_EQ(gate_.Check(),
            ResourceExhausted("the disk of /log has 268435455 bytes free; below 268435456 nothing is written"));

  env_.SetFreeBytes(limit);
  EXPECT_FALSE(gate_.Check().ok()) << "an answer holds for a while";
  clock_.Advance(1000ms);
  EXPECT_TRUE(gate_.Check().ok());

  env_.SetFreeBytes(limit - 1);
  EXPECT_TRUE(gate_.Check().ok()) << "an answer holds for a while";
  clock_.Advance(1000ms);
  EXPECT_FALSE(gate_.Check().ok());
}

TEST_F(WriteGateTest, ClosesAtOnceWhenTheStoreRefusesAndOpensWhenItRecovers) {
  ASSERT_TRUE(gate_.Check().ok());
  env_.FailEveryCall(Fault::kIo);
  ASSERT_FALSE(store_->Put(KeySpace::kState, "a", "1").ok());
  EXPECT_EQ(gate_.Check().code(), Code::kResourceExhausted);
  EXPECT_THAT(gate_.Check().message(), testing::StartsWith("the disk of /log refuses to write: "));

  env_.FailEveryCall(std::nullopt);
  EXPECT_FALSE(gate_.Check().ok()) << "an answer holds for a while";
  clock_.Advance(1000ms);
  EXPECT_TRUE(gate_.Check().ok());
  EXPECT_TRUE(store_->Put(KeySpace::kState, "a", "1").ok());
}

}  // namespace
}  // namespace attune
