#include "serve/recommendation_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "serve/recommendation_record.h"
#include "storage/fault_sweep.h"
#include "storage/memory_env.h"

namespace attune {
namespace {

using testing::ElementsAre;

constexpr auto kNever = std::chrono::hours(1);

/// The text of gzip members, one after the other, as far as they are whole.
std::string Unpack(std::string packed) {
  std::string text;
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string buffer(1 << 16, '\0');
  while (stream.avail_in > 0) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int outcome = inflate(&stream, Z_NO_FLUSH);
    text.append(buffer, 0, buffer.size() - stream.avail_out);
    if (outcome == Z_STREAM_END) {
      EXPECT_EQ(inflateReset(&stream), Z_OK);
    } else if (outcome != Z_OK) {
      break;
    }
  }
  inflateEnd(&stream);
  return text;
}

class RecommendationLogTest : public testing::Test {
 protected:
  std::unique_ptr<RecommendationLog> Open(RecommendationLog::Options options = {.write_after = kNever}) {
    auto log = RecommendationLog::Open(env_, "/a/log", std::move(options));
    EXPECT_TRUE(log.ok()) << log.status().ToString();
    return *std::move(log);
  }
  std::vector<std::string> Files() {
    std::vector<std::string> names;
    const auto entries = env_.List("/a/log");
    for (const auto& entry : *entries) names.push_back(entry.name);
    return names;
  }
  std::string TextOf(const std::string& name) { return Unpack(*env_.ReadFile("/a/log/" + name)); }

  MemoryEnv env_;
  Mutex gate_;
};

TEST_F(RecommendationLogTest, WritesItsLinesBeforeItEndsAndGoesOnInAnotherFile) {
  Open()->Append("one");
  {
    const auto log = Open();
    log->Append("two");
    log->Append("three");
  }

  ASSERT_THAT(Files(), ElementsAre("000000000001.jsonl.gz", "000000000002.jsonl.gz"));
  EXPECT_EQ(TextOf("000000000001.jsonl.gz"), "one\n");
  EXPECT_EQ(TextOf("000000000002.jsonl.gz"), "two\nthree\n");
}

TEST_F(RecommendationLogTest, WritesALineWhenItsTimeHasCome) {
  const auto log = Open({.write_after = std::chrono::milliseconds(1)});
  log->Append("one");
  while (log->figures().written_lines < 1) std::this_thread::yield();
  EXPECT_EQ(TextOf("000000000001.jsonl.gz"), "one\n");
}

TEST_F(RecommendationLogTest, MakesRoomByRemovingTheOldestFiles) {
  constexpr std::uint64_t kBytesMax = 16 << 10;
  for (int i = 0; i < 40; ++i) {
    // What packs badly: a file is full after one of them.
    std::string noise;
    for (int k = 0; k < 1'500; ++k) noise.push_back(static_cast<char>('!' + (i * 7919 + k * k * 31 + k % 13) % 90));
    Open({.bytes_max = kBytesMax, .write_after = kNever})->Append(noise);
  }
  const auto log = Open({.bytes_max = kBytesMax, .write_after = kNever});

  EXPECT_LE(log->figures().bytes, kBytesMax);
  EXPECT_LE(Files().size(), RecommendationLog::kFiles);
  EXPECT_EQ(Files().back(), "000000000040.jsonl.gz");
}

TEST_F(RecommendationLogTest, LosesWhatItMayNotWriteAndSaysHowMuch) {
  const auto log = Open(
      {.write_after = std::chrono::milliseconds(1), .may_write = [] { return ResourceExhausted("the disk is full"); }});
  log->Append("lost");
  while (log->figures().lost_lines < 1) std::this_thread::yield();
  EXPECT_EQ(log->figures().written_lines, 0U);
  EXPECT_THAT(Files(), ElementsAre());
}

TEST_F(RecommendationLogTest, LosesWhatDoesNotFitBeforeItWaits) {
  const std::string line(RecommendationLog::kWaitingBytesMax - 1, 'x');
  const auto log = Open({.write_after = kNever, .may_write = [this]() -> Status {
                           const MutexLock lock(gate_);
                           return {};
                         }});
  {
    const MutexLock lock(gate_);
    log->Append(std::string(RecommendationLog::kBatchBytes, 'x'));  // The writer takes it, and waits at the gate.
    log->Append(line);
    log->Append(line);
    log->Append("y");
  }
  EXPECT_GE(log->figures().lost_lines, 1U);
}

TEST(RecommendationLogFaults, HoldEveryLineThatCountsAsWrittenAndGoOn) {
  SweepFaults([](MemoryEnv& env, SingleFault& fault) {
    std::vector<std::string> written;
    {
      const auto log = *RecommendationLog::Open(env, "/a/log", {.write_after = std::chrono::milliseconds(0)});
      fault.Arm();
      for (const char* const line : {"one", "two", "three"}) {
        const auto before = log->figures();
        log->Append(line);
        RecommendationLog::Figures after;
        do {
          std::this_thread::yield();
          after = log->figures();
        } while (after.written_lines + after.lost_lines == before.written_lines + before.lost_lines);
        if (after.written_lines > before.written_lines) written.emplace_back(line);
      }
      fault.Heal();
      ASSERT_EQ(written.size(), fault.happened() ? 2u : 3u);
      log->Append("after");
      written.emplace_back("after");
    }

    std::string text;
    const auto entries = env.List("/a/log");
    for (const auto& entry : *entries) text += Unpack(*env.ReadFile("/a/log/" + entry.name));
    for (const std::string& line : written) EXPECT_NE(text.find(line + "\n"), std::string::npos) << line;
  });
}

TEST_F(RecommendationLogTest, WantsAShareByTheId) {
  const auto all = Open();
  const auto none = Open({.percent = 0});
  const auto some = Open({.percent = 30, .write_after = kNever});
  int wanted = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::string id = fmt::format("RID-{}", i);
    EXPECT_TRUE(all->Wants(id));
    EXPECT_FALSE(none->Wants(id));
    EXPECT_EQ(some->Wants(id), some->Wants(id));
    wanted += some->Wants(id);
  }
  EXPECT_NEAR(wanted, 300, 60);
}

}  // namespace
}  // namespace attune
