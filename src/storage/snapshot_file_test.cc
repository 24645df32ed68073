#include "storage/snapshot_file.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/hash.h"
#include "storage/memory_env.h"

namespace attune {
namespace {

constexpr std::string_view kKind = "attune.test";

Status WriteSmallFile(Env& env, const std::string& path) {
  ATTUNE_TRY(const auto writer, SnapshotFileWriter::Create(env, path, kKind, 2));
  ATTUNE_RETURN_IF_ERROR(writer->WriteSection("text", "hello"));
  ATTUNE_RETURN_IF_ERROR(writer->WriteSection("empty", ""));
  const std::array<float, 3> numbers{1.0f, 2.0f, 3.0f};
  ATTUNE_RETURN_IF_ERROR(writer->WriteArray("numbers", std::span<const float>(numbers)));
  return writer->Finish();
}

/// All that a reader can see of the small file; what went wrong if it cannot be read.
std::string Describe(Env& env, const std::string& path) {
  const auto file = SnapshotFile::Open(env, path, kKind, 2);
  if (!file.ok()) return std::string(CodeName(file.status().code()));
  std::string text;
  for (const std::string& name : (*file)->SectionNames()) {
    const auto section = (*file)->TextSection(name);
    text += name + "=" + (section.ok() ? ToHex(AsBytes(*section)) : section.status().ToString()) + ";";
  }
  return text + std::to_string((*file)->kind_version());
}

Status WriteRaw(Env& env, const std::string& path, std::string_view content) {
  return env.WriteFileAtomically(path, content);
}

TEST(SnapshotFile, GivesBackTheSectionsInOrder) {
  MemoryEnv env;
  ASSERT_TRUE(WriteSmallFile(env, "/f").ok());

  const auto file = SnapshotFile::Open(env, "/f", kKind, 2);

  ASSERT_TRUE(file.ok()) << file.status().ToString();
  EXPECT_EQ((*file)->SectionNames(), (std::vector<std::string>{"text", "empty", "numbers"}));
  EXPECT_EQ(*(*file)->TextSection("text"), "hello");
  EXPECT_EQ(*(*file)->TextSection("empty"), "");
  const auto numbers = (*file)->Array<float>("numbers");
  ASSERT_TRUE(numbers.ok());
  EXPECT_EQ(std::vector<float>(numbers->begin(), numbers->end()), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ((*file)->kind_version(), 2u);
  EXPECT_TRUE((*file)->HasSection("text"));
  EXPECT_FALSE((*file)->HasSection("other"));
}

TEST(SnapshotFile, AlignsEverySectionTo64Bytes) {
  MemoryEnv env;
  ASSERT_TRUE(WriteSmallFile(env, "/f").ok());
  const auto file = SnapshotFile::Open(env, "/f", kKind, 2);

  for (const std::string& name : (*file)->SectionNames()) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>((*(*file)->Section(name)).data()) % 64, 0u) << name;
  }
}

TEST(SnapshotFile, TakesASectionInParts) {
  MemoryEnv env;
  auto writer = SnapshotFileWriter::Create(env, "/f", kKind, 1);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->BeginSection("s").ok());
  ASSERT_TRUE((*writer)->Append(AsBytes("one")).ok());
  ASSERT_TRUE((*writer)->Append(AsBytes("two")).ok());
  ASSERT_TRUE((*writer)->Finish().ok());

  EXPECT_EQ(*(*SnapshotFile::Open(env, "/f", kKind, 1))->TextSection("s"), "onetwo");
}

TEST(SnapshotFile, MayHoldNoSectionAtAll) {
  MemoryEnv env;
  ASSERT_TRUE((*SnapshotFileWriter::Create(env, "/f", kKind, 1))->Finish().ok());

  EXPECT_TRUE((*SnapshotFile::Open(env, "/f", kKind, 1))->SectionNames().empty());
}

TEST(SnapshotFile, IsCorruptOrTheSameWhicheverBitIsFlipped) {
  MemoryEnv env;
  ASSERT_TRUE(WriteSmallFile(env, "/f").ok());
  const std::string whole = Describe(env, "/f");
  const std::uint64_t size = *env.FileSize("/f");
  int corrupt = 0;

  for (std::uint64_t byte = 0; byte < size; ++byte) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      env.FlipBit("/f", byte, bit);
      const std::string damaged = Describe(env, "/f");
      EXPECT_TRUE(damaged == "Corrupt" || damaged == whole) << "byte " << byte << " bit " << bit << ": " << damaged;
      if (damaged == "Corrupt") ++corrupt;
      env.FlipBit("/f", byte, bit);
    }
  }

  // Only padding may change unseen.
  EXPECT_GT(corrupt, 8 * 150);
}

TEST(SnapshotFile, IsCorruptWhereverItIsCut) {
  MemoryEnv env;
  ASSERT_TRUE(WriteSmallFile(env, "/f").ok());
  const std::string content = *env.ReadFile("/f");

  for (std::size_t size = 0; size < content.size(); ++size) {
    ASSERT_TRUE(WriteRaw(env, "/cut", content.substr(0, size)).ok());
    EXPECT_EQ(Describe(env, "/cut"), "Corrupt") << "cut to " << size << " bytes";
  }
}

TEST(SnapshotFile, IsCorruptWithBytesAfterItsEnd) {
  MemoryEnv env;
  ASSERT_TRUE(WriteSmallFile(env, "/f").ok());
  const std::string content = *env.ReadFile("/f");

  ASSERT_TRUE(WriteRaw(env, "/f", content + "x").ok());
  EXPECT_EQ(Describe(env, "/f"), "Corrupt");
  ASSERT_TRUE(WriteRaw(env, "/f", content + content).ok());
  EXPECT_EQ(Describe(env, "/f"), "Corrupt");
}

TEST(SnapshotFile, RefusesAFileOfANewerVersionAndSaysSo) {
  MemoryEnv env;
  ASSERT_TRUE(WriteSmallFile(env, "/f").ok());
  EXPECT_EQ(SnapshotFile::Open(env, "/f", kKind, 1).status(),
            Corrupt("/f holds attune.test in version 2; this program reads up to version 1"));

  std::string content = *env.ReadFile("/f");
  content[8] = 2;
  ASSERT_TRUE(WriteRaw(env, "/f", content).ok());
  EXPECT_EQ(SnapshotFile::Open(env, "/f", kKind, 2).status(),
            Corrupt("/f is a snapshot file of version 2; this program reads version 1"));
}

TEST(SnapshotFile, RefusesAFileOfAnotherKind) {
  MemoryEnv env;
  ASSERT_TRUE(WriteSmallFile(env, "/f").ok());
  EXPECT_EQ(SnapshotFile::Open(env, "/f", "attune.other", 2).status(),
            Corrupt("/f holds attune.test, not attune.other"));

  ASSERT_TRUE(WriteRaw(env, "/f", std::string(1000, 'x')).ok());
  EXPECT_EQ(SnapshotFile::Open(env, "/f", kKind, 2).status(), Corrupt("/f is not a snapshot file"));
  EXPECT_EQ(SnapshotFile::Open(env, "/missing", kKind, 2).status().code(), Code::kNotFound);
}

TEST(SnapshotFile, SaysWhichSectionIsDamagedMissingOrOfAWrongLength) {
  MemoryEnv env;
  ASSERT_TRUE(WriteSmallFile(env, "/f").ok());
  const auto file = SnapshotFile::Open(env, "/f", kKind, 2);
  EXPECT_EQ((*file)->Section("other").status(), Corrupt("/f has no section other"));
  EXPECT_EQ((*file)->Array<double>("text").status(),
            Corrupt("/f: section text has 5 bytes, which is no multiple of 8"));

  env.FlipBit("/f", 64, 0);
  EXPECT_EQ(SnapshotFile::Open(env, "/f", kKind, 2).status(),
            Corrupt("/f: the checksum of section text does not match"));
  EXPECT_TRUE(SnapshotFile::Open(env, "/f", kKind, 2, SnapshotFile::Verify::kTable).ok());
}

TEST(SnapshotFileWriter, RefusesNamesAndNumbersBeyondItsLimits) {
  MemoryEnv env;
  const std::string longest(SnapshotFileWriter::kNameBytesMax, 'n');
  EXPECT_EQ(SnapshotFileWriter::Create(env, "/f", "", 1).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(SnapshotFileWriter::Create(env, "/f", longest + "n", 1).status().code(), Code::kInvalidArgument);
  const auto writer = SnapshotFileWriter::Create(env, "/f", longest, 1);
  ASSERT_TRUE(writer.ok());

  EXPECT_EQ((*writer)->BeginSection("").code(), Code::kInvalidArgument);
  EXPECT_EQ((*writer)->BeginSection(longest + "n").code(), Code::kInvalidArgument);
  ASSERT_TRUE((*writer)->BeginSection(longest).ok());
  EXPECT_EQ((*writer)->BeginSection(longest).code(), Code::kInvalidArgument);
  for (std::size_t i = 1; i < SnapshotFileWriter::kSectionsMax; ++i) {
    ASSERT_TRUE((*writer)->BeginSection(std::to_string(i)).ok());
  }
  EXPECT_EQ((*writer)->BeginSection("one more").code(), Code::kLimitExceeded);
  ASSERT_TRUE((*writer)->Finish().ok());
  EXPECT_TRUE(SnapshotFile::Open(env, "/f", longest, 1).ok());
}

TEST(SnapshotFileWriter, LeavesTheOldFileWhenItIsDestroyedUnfinished) {
  MemoryEnv env;
  ASSERT_TRUE(WriteSmallFile(env, "/f").ok());
  {
    const auto writer = SnapshotFileWriter::Create(env, "/f", kKind, 2);
    ASSERT_TRUE((*writer)->WriteSection("new", "x").ok());
  }

  EXPECT_TRUE((*SnapshotFile::Open(env, "/f", kKind, 2))->HasSection("text"));
  EXPECT_EQ(env.List("/")->size(), 1u);
}

/// Cuts the power after each call, and fails each call in each way: the old file or the new one is there, whole.
TEST(SnapshotFileWriter, LeavesTheOldOrTheNewFileWhereverItStops) {
  const auto write_new = [](Env& env) -> Status {
    ATTUNE_TRY(const auto writer, SnapshotFileWriter::Create(env, "/f", kKind, 2));
    ATTUNE_RETURN_IF_ERROR(writer->WriteSection("new", "x"));
    return writer->Finish();
  };
  const auto check = [](Env& env, const Status& written, std::uint64_t call) {
    const auto file = SnapshotFile::Open(env, "/f", kKind, 2);
    ASSERT_TRUE(file.ok()) << file.status().ToString() << " at call " << call;
    EXPECT_NE((*file)->HasSection("new"), (*file)->HasSection("text"));
    if (written.ok()) {
      EXPECT_TRUE((*file)->HasSection("new"));
    }
  };

  for (std::uint64_t call = 0;; ++call) {
    for (const CrashKind kind : {CrashKind::kLoseUnsynced, CrashKind::kTearUnsynced}) {
      MemoryEnv env(call);
      ASSERT_TRUE(WriteSmallFile(env, "/f").ok());
      env.StopAtCall(env.call_count() + call);
      const Status written = write_new(env);
      env.Crash(kind);
      check(env, written, call);
    }
    bool reached = true;
    for (const Fault fault : {Fault::kIo, Fault::kNoSpace, Fault::kShortWrite, Fault::kFailedSync}) {
      MemoryEnv env;
      ASSERT_TRUE(WriteSmallFile(env, "/f").ok());
      const std::uint64_t faulty = env.call_count() + call;
      env.FailCall(faulty, fault);
      const Status written = write_new(env);
      reached = env.call_count() > faulty;
      EXPECT_EQ(written.ok(), !reached) << "at call " << call;
      env.Crash();
      check(env, written, call);
    }
    if (!reached) break;
  }
}

}  // namespace
}  // namespace attune
