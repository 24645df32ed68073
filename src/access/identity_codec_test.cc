#include "access/identity_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

CustomerPolicy MakePolicy() {
  CustomerPolicy policy;
  policy.name = "p";
  policy.arn = "arn:aws:iam::123456789012:policy/p";
  policy.default_version = "v1";
  policy.versions = {{.id = "v1", .document = R"({"Version":"2012-10-17"})", .created_ms = 7}};
  policy.tags = {{"team", "shop"}, {"stage", ""}};
  return policy;
}

RoleSession MakeSession() {
  RoleSession session;
  session.key_id = "ASIA1";
  session.arn = "arn:aws:sts::123456789012:assumed-role/r/s";
  session.policy_documents = {R"({"a":1})", "second"};
  session.issued_ms = 5;
  session.expires_ms = 9;
  return session;
}

/// The record without one member, as it was written before it had it.
std::string Without(std::string text, std::string_view begin, std::string_view end) {
  const auto from = text.find(begin);
  const auto to = text.find(end, from);
  EXPECT_NE(from, std::string::npos);
  EXPECT_NE(to, std::string::npos);
  return text.erase(from, to + end.size() - from);
}

TEST(IdentityCodec, ReadsWhatItWrote) {
  CustomerPolicy policy;
  ASSERT_TRUE(DecodeIdentity(EncodeIdentity(MakePolicy()), &policy).ok());
  EXPECT_THAT(policy.tags, ElementsAre(Pair("team", "shop"), Pair("stage", "")));
  RoleSession session;
  ASSERT_TRUE(DecodeIdentity(EncodeIdentity(MakeSession()), &session).ok());
  EXPECT_THAT(session.policy_documents, ElementsAre(R"({"a":1})", "second"));
  EXPECT_EQ(session.issued_ms, 5);
}

TEST(IdentityCodec, ReadsRecordsOfBeforeTheyHadTagsPoliciesAndABeginning) {
  CustomerPolicy policy;
  const auto old_policy = Without(EncodeIdentity(MakePolicy()), R"(,"tags":[)", "]");
  ASSERT_TRUE(DecodeIdentity(old_policy, &policy).ok()) << old_policy;
  EXPECT_THAT(policy.tags, IsEmpty());
  EXPECT_EQ(policy.versions.size(), 1);
  RoleSession session;
  auto old_session = Without(EncodeIdentity(MakeSession()), R"("policies":[)", "],");
  old_session = Without(old_session, R"("issued_ms":)", ",");
  ASSERT_TRUE(DecodeIdentity(old_session, &session).ok()) << old_session;
  EXPECT_THAT(session.policy_documents, IsEmpty()) << "a limit that nobody set";
  EXPECT_EQ(session.issued_ms, 0);
  EXPECT_EQ(session.expires_ms, 9);
}

TEST(IdentityCodec, RefusesWhatIsThereAndWrong) {
  RoleSession session;
  auto text = EncodeIdentity(MakeSession());
  text.replace(text.find(R"("second")"), 8, "7");
  EXPECT_EQ(DecodeIdentity(text, &session).code(), Code::kCorrupt);
}

}  // namespace
}  // namespace attune
