#include "model/artifact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/fault_sweep.h"
#include "storage/memory_env.h"

namespace attune {
namespace {

using testing::HasSubstr;

class Artifact : public testing::Test {
 protected:
  Artifact() {
    EXPECT_TRUE(env_.CreateDirectories("/a").ok());
    EXPECT_TRUE(env_.WriteFileAtomically("/a/part.snapshot", "twelve bytes").ok());
    EXPECT_TRUE(WriteManifest(env_, "/a",
                              {.recipe = "aws-user-personalization",
                               .training_mode = "FULL",
                               .seed = 18446744073709551615u,
                               .parameters = {{"bptt", "32"}},
                               .chosen = {{"half_life", 2.5}},
                               .metrics = {{"coverage", 0.25}},
                               .members = {"popularity"},
                               .user_count = 3,
                               .item_count = 4,
                               .interaction_count = 5,
                               .newest_interaction_ms = 6,
                               .log_sequence = 7,
                               .fitted_log_sequence = 5})
                    .ok());
    text_ = env_.ReadFile("/a/manifest.json").value();
  }

  Status ReadWith(const std::string& text) {
    EXPECT_TRUE(env_.WriteFileAtomically("/a/manifest.json", text).ok());
    return ReadManifest(env_, "/a").status();
  }

  MemoryEnv env_;
  std::string text_;
};

TEST_F(Artifact, ReadsBackWhatWasWritten) {
  const auto manifest = ReadManifest(env_, "/a");

  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(manifest->recipe, "aws-user-personalization");
  EXPECT_EQ(manifest->seed, 18446744073709551615u);
  EXPECT_EQ(manifest->parameters.at("bptt"), "32");
  EXPECT_EQ(manifest->chosen.at("half_life"), 2.5);
  EXPECT_EQ(manifest->metrics.at("coverage"), 0.25);
  EXPECT_EQ(manifest->members, std::vector<std::string>{"popularity"});
  EXPECT_EQ(manifest->interaction_count, 5u);
  EXPECT_EQ(manifest->newest_interaction_ms, 6);
  EXPECT_EQ(manifest->log_sequence, 7u);
  EXPECT_EQ(manifest->fitted_log_sequence, 5u);
  ASSERT_EQ(manifest->files.size(), 1u);
  EXPECT_EQ(manifest->files[0].name, "part.snapshot");
  EXPECT_EQ(manifest->files[0].bytes, 12u);
}

TEST_F(Artifact, RefusesEveryTornManifest) {
  for (std::size_t kept = 0; kept < text_.size(); ++kept) {
    EXPECT_EQ(ReadWith(text_.substr(0, kept)).code(), Code::kCorrupt) << kept;
  }
}

TEST_F(Artifact, RefusesEveryAlteredByte) {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    std::string altered = text_;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_EQ(ReadWith(altered).code(), Code::kCorrupt) << i;
  }
}

TEST_F(Artifact, RefusesAMissingOrShortenedFile) {
  ASSERT_TRUE(env_.WriteFileAtomically("/a/part.snapshot", "short").ok());
  EXPECT_THAT(ReadManifest(env_, "/a").status().message(), HasSubstr("has 5 bytes; the manifest says 12"));

  ASSERT_TRUE(env_.RemoveFile("/a/part.snapshot").ok());
  EXPECT_THAT(ReadManifest(env_, "/a").status().message(), HasSubstr("lacks part.snapshot"));
}

TEST_F(Artifact, SaysNotFoundWhereThereIsNone) {
  EXPECT_EQ(ReadManifest(env_, "/nowhere").status().code(), Code::kNotFound);
}

TEST(ArtifactFaults, LeaveTheOldManifestOrTheNewAndWriteAgainAfterwards) {
  SweepFaults([](MemoryEnv& env, SingleFault& fault) {
    ASSERT_TRUE(env.CreateDirectories("/a").ok());
    ASSERT_TRUE(env.WriteFileAtomically("/a/part.snapshot", "twelve bytes").ok());
    ASSERT_TRUE(WriteManifest(env, "/a", {.recipe = "old"}).ok());
    fault.Arm();
    const Status written = WriteManifest(env, "/a", {.recipe = "new"});
    fault.Heal();

    ASSERT_TRUE(written.ok() || fault.happened());
    const auto manifest = ReadManifest(env, "/a");
    ASSERT_TRUE(manifest.ok()) << manifest.status().ToString();
    EXPECT_TRUE(manifest->recipe == "new" || (!written.ok() && manifest->recipe == "old"));
    ASSERT_EQ(manifest->files.size(), 1u);
    ASSERT_TRUE(WriteManifest(env, "/a", {.recipe = "newest"}).ok());
    env.Crash();
    EXPECT_EQ(ReadManifest(env, "/a")->recipe, "newest");
  });
}

}  // namespace
}  // namespace attune
