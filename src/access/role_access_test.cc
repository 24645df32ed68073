#include "access/role_access.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "storage/directory_object_store.h"
#include "storage/memory_env.h"

namespace attune {
namespace {

constexpr std::string_view kTrust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",)"
    R"("Principal":{"Service":"personalize.amazonaws.com"},"Action":"sts:AssumeRole"}]})";
const std::string kRole = "arn:aws:iam::123456789012:role/R";

class RoleAccessTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = KeyValueStore::Open(env_, "/kv").value();
    objects_ = DirectoryObjectStore::Open(env_, clock_, entropy_, *store_, "/objects").value();
    Reopen();
    ASSERT_TRUE(objects_->CreateBucket("b", "us-east-1").ok());
  }

  void Reopen() { identities_ = IdentityStore::Open(*store_, clock_, entropy_, "123456789012").value(); }

  void MakeRole(std::string_view trust = kTrust) {
    ASSERT_TRUE(identities_->InsertRole({.name = "R", .trust_document = std::string(trust)}).ok());
  }

  void Grant(const std::string& effect, const std::string& action, const std::string& resource) {
    ASSERT_TRUE(
        identities_
            ->UpdateRole("R",
                         [&](Role& role) -> Status {
                           role.policies.inline_documents["p" + std::to_string(role.policies.inline_documents.size())] =
                               R"({"Version":"2012-10-17","Statement":{"Effect":")" + effect + R"(","Action":")" +
                               action + R"(","Resource":")" + resource + R"("}})";
                           return {};
                         })
            .ok());
  }

  void Attach(const std::string& arn) {
    ASSERT_TRUE(identities_
                    ->UpdateRole("R",
                                 [&](Role& role) -> Status {
                                   role.policies.managed_arns.push_back(arn);
                                   return {};
                                 })
                    .ok());
  }

  RoleAccess Check(ObjectAction action = ObjectAction::kRead, const std::string& bucket = "b") {
    const RoleAccessChecker checker(*identities_, *objects_, "us-east-1");
    return checker.Check(kRole, action, bucket, "in/x.csv").value();
  }

  MemoryEnv env_;
  FakeClock clock_;
  FakeEntropy entropy_;
  std::unique_ptr<KeyValueStore> store_;
  std::unique_ptr<DirectoryObjectStore> objects_;
  std::unique_ptr<IdentityStore> identities_;
};

TEST_F(RoleAccessTest, TellsWhatIsWrong) {
  EXPECT_EQ(Check(), RoleAccess::kRoleMissing);
  MakeRole();
  EXPECT_EQ(Check(ObjectAction::kRead, "none"), RoleAccess::kNoBucket);
  EXPECT_EQ(Check(), RoleAccess::kNotPermitted);
  Grant("Allow", "s3:GetObject", "arn:aws:s3:::b/in/*");
  EXPECT_EQ(Check(), RoleAccess::kGranted);
  EXPECT_EQ(Check(ObjectAction::kWrite), RoleAccess::kNotPermitted);
  EXPECT_EQ(Check(ObjectAction::kList), RoleAccess::kNotPermitted);
}

TEST_F(RoleAccessTest, ARoleThatTrustsAnotherServiceIsNotTaken) {
  std::string trust(kTrust);
  trust.replace(trust.find("personalize"), 11, "lambda");
  MakeRole(trust);
  Attach("arn:aws:iam::aws:policy/AmazonS3FullAccess");

  EXPECT_EQ(Check(), RoleAccess::kRoleNotTrusting);
}

TEST_F(RoleAccessTest, ATrustThatAsksForTheAccountIsMet) {
  std::string trust(kTrust);
  const std::string condition = R"(,"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"},)"
                                R"("ArnLike":{"aws:SourceArn":"arn:aws:personalize:us-east-1:123456789012:*"}})";
  trust.insert(trust.size() - 3, condition);
  MakeRole(trust);

  EXPECT_EQ(RoleAccessChecker(*identities_, *objects_, "us-east-1").CheckTrust(kRole), RoleAccess::kGranted);
  EXPECT_EQ(RoleAccessChecker(*identities_, *objects_, "eu-west-1").CheckTrust(kRole), RoleAccess::kRoleNotTrusting);
}

TEST_F(RoleAccessTest, ManagedPoliciesGrant) {
  MakeRole();
  Attach("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess");

  EXPECT_EQ(Check(ObjectAction::kRead), RoleAccess::kGranted);
  EXPECT_EQ(Check(ObjectAction::kList), RoleAccess::kGranted);
  EXPECT_EQ(Check(ObjectAction::kWrite), RoleAccess::kNotPermitted);
  Attach("arn:aws:iam::aws:policy/AmazonS3FullAccess");
  EXPECT_EQ(Check(ObjectAction::kWrite), RoleAccess::kGranted);
}

TEST_F(RoleAccessTest, PersonalizeFullAccessReachesBucketsOfThatName) {
  ASSERT_TRUE(objects_->CreateBucket("my-personalize-data", "us-east-1").ok());
  MakeRole();
  Attach("arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess");

  EXPECT_EQ(Check(ObjectAction::kWrite, "my-personalize-data"), RoleAccess::kGranted);
  EXPECT_EQ(Check(ObjectAction::kRead, "b"), RoleAccess::kNotPermitted);
}

TEST_F(RoleAccessTest, TheBucketsPolicyGrantsToTheServiceOrTheRole) {
  MakeRole();
  for (const std::string principal :
       {R"({"Service":"personalize.amazonaws.com"})", R"({"AWS":"arn:aws:iam::123456789012:role/R"})"}) {
    ASSERT_TRUE(objects_
                    ->PutBucketPolicy("b", R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":)" +
                                               principal +
                                               R"(,"Action":["s3:GetObject","s3:ListBucket"],)"
                                               R"("Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}]})")
                    .ok());
    EXPECT_EQ(Check(ObjectAction::kRead), RoleAccess::kGranted) << principal;
    EXPECT_EQ(Check(ObjectAction::kList), RoleAccess::kGranted) << principal;
    EXPECT_EQ(Check(ObjectAction::kWrite), RoleAccess::kNotPermitted) << principal;
  }
}

TEST_F(RoleAccessTest, ADenyWinsOnEitherSide) {
  MakeRole();
  Attach("arn:aws:iam::aws:policy/AmazonS3FullAccess");
  ASSERT_TRUE(objects_
                  ->PutBucketPolicy("b", R"({"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject",)"
                                         R"("Resource":"arn:aws:s3:::b/*"}]})")
                  .ok());

  EXPECT_EQ(Check(ObjectAction::kWrite), RoleAccess::kNotPermitted);
  EXPECT_EQ(Check(ObjectAction::kRead), RoleAccess::kGranted);
  Grant("Deny", "s3:GetObject", "*");
  EXPECT_EQ(Check(ObjectAction::kRead), RoleAccess::kNotPermitted);
}

TEST_F(RoleAccessTest, RolesUsersAndPoliciesAreThereAfterAReopening) {
  MakeRole();
  Attach("arn:aws:iam::aws:policy/AmazonS3FullAccess");
  ASSERT_TRUE(identities_->InsertUser({.name = "Alice"}).ok());
  const auto key = identities_->CreateAccessKey("alice").value();
  ASSERT_TRUE(identities_->InsertPolicy({.name = "P", .default_version = "v1", .versions = {{"v1", "{}", 0}}}).ok());

  Reopen();

  EXPECT_EQ(Check(), RoleAccess::kGranted);
  const auto owner = identities_->FindAccessKey(key.id);
  ASSERT_TRUE(owner.has_value());
  EXPECT_EQ(owner->user_arn, "arn:aws:iam::123456789012:user/Alice");
  EXPECT_EQ(owner->key.secret, key.secret);
  EXPECT_EQ(identities_->ManagedDocument("arn:aws:iam::123456789012:policy/P").value(), "{}");
}

TEST_F(RoleAccessTest, NamesAreUniqueWithoutRegardToCase) {
  MakeRole();

  EXPECT_EQ(identities_->InsertRole({.name = "r"}).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(identities_->FindRole("r")->name, "R");
}

TEST_F(RoleAccessTest, WhatPoliciesHangOnIsNotDeleted) {
  MakeRole();
  Attach("arn:aws:iam::aws:policy/AmazonS3FullAccess");

  EXPECT_EQ(identities_->DeleteRole("R").code(), Code::kBusy);
  ASSERT_TRUE(identities_
                  ->UpdateRole("R",
                               [](Role& role) -> Status {
                                 role.policies = {};
                                 return {};
                               })
                  .ok());
  EXPECT_TRUE(identities_->DeleteRole("R").ok());
  EXPECT_EQ(identities_->DeleteRole("R").code(), Code::kNotFound);
}

TEST_F(RoleAccessTest, AUserHasTwoKeysAtMost) {
  ASSERT_TRUE(identities_->InsertUser({.name = "Alice"}).ok());
  EXPECT_TRUE(identities_->CreateAccessKey("Alice").ok());
  EXPECT_TRUE(identities_->CreateAccessKey("Alice").ok());
  EXPECT_EQ(identities_->CreateAccessKey("Alice").status().code(), Code::kLimitExceeded);
  EXPECT_EQ(identities_->DeleteUser("Alice").code(), Code::kBusy);
}

}  // namespace
}  // namespace attune
