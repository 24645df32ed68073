#include "server/administrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory_env.h"

namespace attune {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

const std::string kSecret(16, 's');

TEST(CheckAccessKey, HoldsTheIdToItsLength) {
  EXPECT_FALSE(CheckAccessKey({"ab", kSecret}).ok());
  EXPECT_TRUE(CheckAccessKey({"abc", kSecret}).ok());
  EXPECT_TRUE(CheckAccessKey({std::string(128, 'a'), kSecret}).ok());
  EXPECT_FALSE(CheckAccessKey({std::string(129, 'a'), kSecret}).ok());
}

TEST(CheckAccessKey, HoldsTheSecretToItsLengthWithoutShowingIt) {
  EXPECT_TRUE(CheckAccessKey({"abc", kSecret}).ok());
  const Status status = CheckAccessKey({"abc", "fifteen-letters"});
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("15"));
  EXPECT_THAT(status.message(), Not(HasSubstr("fifteen")));
  EXPECT_TRUE(CheckAccessKey({"abc", std::string(1024, 's')}).ok());
  EXPECT_FALSE(CheckAccessKey({"abc", std::string(1025, 's')}).ok());
}

TEST(CheckAccessKey, RefusesWhatAHeaderCannotCarry) {
  EXPECT_FALSE(CheckAccessKey({"a b", kSecret}).ok());
  EXPECT_FALSE(CheckAccessKey({"a,b", kSecret}).ok());
  EXPECT_FALSE(CheckAccessKey({"a\xc3\xa4", kSecret}).ok());
  EXPECT_FALSE(CheckAccessKey({"abc", kSecret + "\n"}).ok());
  EXPECT_TRUE(CheckAccessKey({"a/b@c=d", kSecret}).ok());
}

TEST(NewAccessKey, LooksLikeThoseOfAws) {
  FakeEntropy entropy;

  const AccessKey key = NewAccessKey(entropy);

  EXPECT_THAT(key.id, MatchesRegex("AKIA[A-Z2-7]{16}"));
  EXPECT_THAT(key.secret, MatchesRegex("[A-Za-z0-9+/]{40}"));
  EXPECT_NE(key.secret, NewAccessKey(entropy).secret);
}

TEST(CredentialsFile, ReadsWhatItWrote) {
  MemoryEnv env;
  ASSERT_TRUE(env.CreateDirectories("/d").ok());
  ASSERT_TRUE(WriteCredentialsFile(env, "/d/credentials", {"AKIA1", kSecret}).ok());

  const auto key = ReadCredentialsFile(env, "/d/credentials");

  ASSERT_TRUE(key.ok()) << key.status().ToString();
  EXPECT_EQ(key->id, "AKIA1");
  EXPECT_EQ(key->secret, kSecret);
}

TEST(CredentialsFile, ReadsTheDefaultSectionAlone) {
  MemoryEnv env;
  ASSERT_TRUE(env.CreateDirectories("/d").ok());
  ASSERT_TRUE(env.WriteFileAtomically("/d/c",
                                      "[other]\naws_access_key_id=no1\n# x\n[default]\r\n"
                                      "aws_access_key_id=yes\r\naws_secret_access_key=0123456789abcdef\r\n"
                                      "[third]\naws_access_key_id=no2\n")
                  .ok());

  EXPECT_EQ(ReadCredentialsFile(env, "/d/c").value().id, "yes");
}

TEST(CredentialsFile, SaysWhenThereIsNoKeyInIt) {
  MemoryEnv env;
  ASSERT_TRUE(env.CreateDirectories("/d").ok());
  ASSERT_TRUE(env.WriteFileAtomically("/d/c", "[default]\n").ok());

  EXPECT_EQ(ReadCredentialsFile(env, "/d/none").status().code(), Code::kNotFound);
  EXPECT_EQ(ReadCredentialsFile(env, "/d/c").status().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace attune
