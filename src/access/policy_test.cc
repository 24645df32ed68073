#include <gtest/gtest.h>

#include "access/policy_document.h"
#include "access/policy_evaluation.h"
#include "access/wildcard.h"

namespace attune {
namespace {

std::string Policy(const std::string& statement) {
  return R"({"Version":"2012-10-17","Statement":[)" + statement + "]}";
}

AccessDecision Decide(const std::string& statement, AccessRequest request, PolicyKind kind = PolicyKind::kIdentity) {
  const auto document = PolicyDocument::Parse(Policy(statement), kind);
  EXPECT_TRUE(document.ok()) << document.status().ToString();
  return document.ok() ? Evaluate(*document, request) : AccessDecision::kNone;
}

AccessRequest Read(const std::string& resource) {
  AccessRequest request;
  request.principal = {.arn = "arn:aws:iam::123456789012:user/alice", .account = "123456789012", .service = ""};
  request.action = "s3:GetObject";
  request.resource = resource;
  return request;
}

TEST(Wildcard, MatchesStarsAndQuestionMarks) {
  EXPECT_TRUE(MatchesWildcard("*", ""));
  EXPECT_TRUE(MatchesWildcard("a*c", "abbc"));
  EXPECT_TRUE(MatchesWildcard("a?c*", "abc"));
  EXPECT_TRUE(MatchesWildcard("*a*b*", "xxaxxbxx"));
  EXPECT_FALSE(MatchesWildcard("a?c", "ac"));
  EXPECT_FALSE(MatchesWildcard("a*c", "abcd"));
  EXPECT_FALSE(MatchesWildcard("abc", "ABC"));
  EXPECT_TRUE(MatchesWildcard("abc", "ABC", LetterCase::kInsensitive));
}

TEST(Wildcard, TakesNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(MatchesWildcard(pattern + "b", std::string(2000, 'a')));
}

TEST(Wildcard, AStarOfAnArnStaysInItsPart) {
  EXPECT_TRUE(MatchesArn("arn:aws:*:us-east-1:*:campaign/*", "arn:aws:personalize:us-east-1:1:campaign/c"));
  EXPECT_FALSE(MatchesArn("arn:aws:*:1:campaign/c", "arn:aws:personalize:us-east-1:1:campaign/c"));
}

TEST(Policy, AllowsWhatItListsAndNothingElse) {
  const std::string statement = R"({"Effect":"Allow","Action":["s3:Get*"],"Resource":"arn:aws:s3:::b/in/*"})";

  EXPECT_EQ(Decide(statement, Read("arn:aws:s3:::b/in/x")), AccessDecision::kAllow);
  EXPECT_EQ(Decide(statement, Read("arn:aws:s3:::b/out/x")), AccessDecision::kNone);
  auto write = Read("arn:aws:s3:::b/in/x");
  write.action = "s3:PutObject";
  EXPECT_EQ(Decide(statement, write), AccessDecision::kNone);
}

TEST(Policy, ActionsHaveNoCaseAndResourcesHave) {
  const std::string statement = R"({"Effect":"Allow","Action":"S3:getobject","Resource":"arn:aws:s3:::b/K"})";

  EXPECT_EQ(Decide(statement, Read("arn:aws:s3:::b/K")), AccessDecision::kAllow);
  EXPECT_EQ(Decide(statement, Read("arn:aws:s3:::b/k")), AccessDecision::kNone);
}

TEST(Policy, ADenyWinsWhereverItStands) {
  const std::string statements = R"({"Effect":"Allow","Action":"*","Resource":"*"},)"
                                 R"({"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::secret/*"})";

  EXPECT_EQ(Decide(statements, Read("arn:aws:s3:::secret/x")), AccessDecision::kDeny);
  EXPECT_EQ(Decide(statements, Read("arn:aws:s3:::open/x")), AccessDecision::kAllow);
}

TEST(Policy, NotActionAndNotResourceMeanAllOthers) {
  const std::string statement = R"({"Effect":"Allow","NotAction":"s3:Delete*","NotResource":"arn:aws:s3:::secret/*"})";

  EXPECT_EQ(Decide(statement, Read("arn:aws:s3:::b/x")), AccessDecision::kAllow);
  EXPECT_EQ(Decide(statement, Read("arn:aws:s3:::secret/x")), AccessDecision::kNone);
  auto deletion = Read("arn:aws:s3:::b/x");
  deletion.action = "s3:DeleteObject";
  EXPECT_EQ(Decide(statement, deletion), AccessDecision::kNone);
}

std::string BucketStatement(const std::string& effect, const std::string& principal) {
  return R"({"Effect":")" + effect + R"(","Principal":)" + principal +
         R"(,"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"})";
}

TEST(Policy, PrincipalsAreUsersServicesAndEverybody) {
  const auto decide = [](const std::string& principal, AccessRequest request) {
    return Decide(BucketStatement("Allow", principal), request, PolicyKind::kBucket);
  };
  auto service = Read("arn:aws:s3:::b/x");
  service.principal = {.arn = "", .account = "", .service = "personalize.amazonaws.com"};

  EXPECT_EQ(decide(R"("*")", Read("arn:aws:s3:::b/x")), AccessDecision::kAllow);
  EXPECT_EQ(decide(R"({"AWS":"*"})", Read("arn:aws:s3:::b/x")), AccessDecision::kAllow);
  EXPECT_EQ(decide(R"({"AWS":["arn:aws:iam::123456789012:user/alice"]})", Read("arn:aws:s3:::b/x")),
            AccessDecision::kAllow);
  EXPECT_EQ(decide(R"({"AWS":"arn:aws:iam::123456789012:user/bob"})", Read("arn:aws:s3:::b/x")), AccessDecision::kNone);
  EXPECT_EQ(decide(R"({"Service":"personalize.amazonaws.com"})", service), AccessDecision::kAllow);
  EXPECT_EQ(decide(R"({"Service":"lambda.amazonaws.com"})", service), AccessDecision::kNone);
}

TEST(Policy, AnAccountIsAllowedOnlyToAllowButDeniedInWhole) {
  auto root = Read("arn:aws:s3:::b/x");
  root.principal.arn = "arn:aws:iam::123456789012:root";
  for (const std::string account : {R"({"AWS":"123456789012"})", R"({"AWS":"arn:aws:iam::123456789012:root"})"}) {
    const auto allow = BucketStatement("Allow", account);
    const auto deny = BucketStatement("Deny", account);
    EXPECT_EQ(Decide(allow, Read("arn:aws:s3:::b/x"), PolicyKind::kBucket), AccessDecision::kNone);
    EXPECT_EQ(Decide(allow, root, PolicyKind::kBucket), AccessDecision::kAllow);
    EXPECT_EQ(Decide(deny, Read("arn:aws:s3:::b/x"), PolicyKind::kBucket), AccessDecision::kDeny);
  }
}

struct ConditionCase {
  std::string condition;
  bool holds;
};

class PolicyConditions : public testing::TestWithParam<ConditionCase> {};

TEST_P(PolicyConditions, Hold) {
  auto request = Read("arn:aws:s3:::b/x");
  request.context = {{"aws:sourceaccount", {"123456789012"}},
                     {"aws:sourceip", {"10.1.2.3"}},
                     {"aws:securetransport", {"true"}},
                     {"aws:currenttime", {"2026-01-02T03:04:05Z"}},
                     {"s3:max-keys", {"10"}},
                     {"aws:sourcearn", {"arn:aws:personalize:r:1:dataset/d"}},
                     {"aws:tagkeys", {"a", "b"}},
                     {"aws:username", {"alice"}}};

  const auto decision =
      Decide(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":)" + GetParam().condition + "}", request);

  EXPECT_EQ(decision == AccessDecision::kAllow, GetParam().holds) << GetParam().condition;
}

INSTANTIATE_TEST_SUITE_P(
    All, PolicyConditions,
    testing::Values(ConditionCase{R"({"StringEquals":{"aws:SourceAccount":"123456789012"}})", true},
                    ConditionCase{R"({"StringEquals":{"aws:SourceAccount":["1","123456789012"]}})", true},
                    ConditionCase{R"({"StringEquals":{"aws:SourceAccount":"1"}})", false},
                    ConditionCase{R"({"StringNotEquals":{"aws:SourceAccount":"1"}})", true},
                    ConditionCase{R"({"StringNotEquals":{"aws:SourceAccount":["1","123456789012"]}})", false},
                    ConditionCase{R"({"StringEqualsIgnoreCase":{"aws:username":"ALICE"}})", true},
                    ConditionCase{R"({"StringLike":{"aws:username":"al*"}})", true},
                    ConditionCase{R"({"StringNotLike":{"aws:username":"al*"}})", false},
                    ConditionCase{R"({"StringEquals":{"aws:absent":"1"}})", false},
                    ConditionCase{R"({"StringNotEquals":{"aws:absent":"1"}})", true},
                    ConditionCase{R"({"StringEqualsIfExists":{"aws:absent":"1"}})", true},
                    ConditionCase{R"({"StringEqualsIfExists":{"aws:username":"bob"}})", false},
                    ConditionCase{R"({"Null":{"aws:absent":"true"}})", true},
                    ConditionCase{R"({"Null":{"aws:username":"true"}})", false},
                    ConditionCase{R"({"Null":{"aws:username":"false"}})", true},
                    ConditionCase{R"({"ArnLike":{"aws:SourceArn":"arn:aws:personalize:*:1:*"}})", true},
                    ConditionCase{R"({"ArnEquals":{"aws:SourceArn":"arn:aws:personalize:r:2:*"}})", false},
                    ConditionCase{R"({"Bool":{"aws:SecureTransport":true}})", true},
                    ConditionCase{R"({"Bool":{"aws:SecureTransport":"false"}})", false},
                    ConditionCase{R"({"IpAddress":{"aws:SourceIp":"10.1.0.0/16"}})", true},
                    ConditionCase{R"({"IpAddress":{"aws:SourceIp":["192.168.0.1","10.1.2.4/31"]}})", false},
                    ConditionCase{R"({"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}})", false},
                    ConditionCase{R"({"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}})", true},
                    ConditionCase{R"({"IpAddress":{"aws:SourceIp":"2001:db8::/32"}})", false},
                    ConditionCase{R"({"NumericLessThan":{"s3:max-keys":"11"}})", true},
                    ConditionCase{R"({"NumericLessThan":{"s3:max-keys":10}})", false},
                    ConditionCase{R"({"NumericLessThanEquals":{"s3:max-keys":"10"}})", true},
                    ConditionCase{R"({"NumericNotEquals":{"s3:max-keys":"10"}})", false},
                    ConditionCase{R"({"DateLessThan":{"aws:CurrentTime":"2026-01-02T03:04:06Z"}})", true},
                    ConditionCase{R"({"DateGreaterThan":{"aws:CurrentTime":"2026-01-03"}})", false},
                    ConditionCase{R"({"DateGreaterThanEquals":{"aws:CurrentTime":"1767323045"}})", true},
                    ConditionCase{R"({"ForAllValues:StringEquals":{"aws:TagKeys":["a","b","c"]}})", true},
                    ConditionCase{R"({"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}})", false},
                    ConditionCase{R"({"ForAnyValue:StringEquals":{"aws:TagKeys":["b"]}})", true},
                    ConditionCase{R"({"ForAnyValue:StringEquals":{"aws:absent":["b"]}})", false},
                    ConditionCase{R"({"StringEquals":{"aws:SourceAccount":"123456789012","aws:username":"bob"}})",
                                  false}));

TEST(Policy, ReplacesVariables) {
  const std::string statement = R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}/*"})";
  auto request = Read("arn:aws:s3:::b/alice/x");

  EXPECT_EQ(Decide(statement, request), AccessDecision::kNone);
  request.context["aws:username"] = {"alice"};
  EXPECT_EQ(Decide(statement, request), AccessDecision::kAllow);
}

struct RefusedCase {
  PolicyKind kind;
  std::string text;
};

TEST(Policy, AsksForTagsOfTheResourceOnlyWhereItNamesThem) {
  int asked = 0;
  auto request = Read("arn:aws:s3:::b/x");
  request.resource_tags = [&] {
    ++asked;
    return Tags{{"Team", "shop"}};
  };
  const auto when = [](const std::string& condition) {
    return R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":)" + condition + "}";
  };
  EXPECT_EQ(Decide(when(R"({"Null":{"aws:username":"true"}})"), request), AccessDecision::kAllow);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(Decide(when(R"({"StringEquals":{"aws:ResourceTag/team":"shop"}})"), request), AccessDecision::kAllow);
  EXPECT_EQ(Decide(when(R"({"StringEquals":{"iam:ResourceTag/TEAM":"shop"}})"), request), AccessDecision::kAllow);
  EXPECT_EQ(Decide(when(R"({"StringEquals":{"aws:ResourceTag/team":"Shop"}})"), request), AccessDecision::kNone);
  EXPECT_EQ(Decide(when(R"({"StringEquals":{"aws:ResourceTag/other":"shop"}})"), request), AccessDecision::kNone);
  EXPECT_GT(asked, 0);
}

TEST(Policy, KnowsTheTagsOfARequest) {
  auto request = Read("arn:aws:s3:::b/x");
  AddRequestTags({{"team", "shop"}, {"Stage", "test"}}, &request.context);
  const auto allows = [&](const std::string& condition) {
    return Decide(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":)" + condition + "}", request) ==
           AccessDecision::kAllow;
  };
  EXPECT_TRUE(allows(R"({"StringEquals":{"aws:RequestTag/stage":"test"}})"));
  EXPECT_TRUE(allows(R"({"ForAllValues:StringEquals":{"aws:TagKeys":["team","Stage"]}})"));
  EXPECT_FALSE(allows(R"({"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}})"));
}

class RefusedPolicies : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedPolicies, AreRefused) {
  const auto document = PolicyDocument::Parse(GetParam().text, GetParam().kind);

  ASSERT_FALSE(document.ok()) << GetParam().text;
  EXPECT_EQ(document.status().code(), Code::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedPolicies,
    testing::Values(
        RefusedCase{PolicyKind::kBucket,
                    Policy(R"({"Effect":"Allow","NotPrincipal":{"AWS":"123456789012"},"Action":"s3:*",
            "Resource":"arn:aws:s3:::b"})")},
        RefusedCase{PolicyKind::kIdentity, ""}, RefusedCase{PolicyKind::kIdentity, "[]"},
        RefusedCase{PolicyKind::kIdentity, R"({"Version":"2012-10-17"})"},
        RefusedCase{PolicyKind::kIdentity, R"({"Version":"2013-10-17","Statement":[]})"},
        RefusedCase{PolicyKind::kIdentity, Policy("")},
        RefusedCase{PolicyKind::kIdentity, Policy(R"({"Effect":"Allow","Resource":"*"})")},
        RefusedCase{PolicyKind::kIdentity, Policy(R"({"Effect":"Allow","Action":"*"})")},
        RefusedCase{PolicyKind::kIdentity, Policy(R"({"Action":"*","Resource":"*"})")},
        RefusedCase{PolicyKind::kIdentity, Policy(R"({"Effect":"allow","Action":"*","Resource":"*"})")},
        RefusedCase{PolicyKind::kIdentity, Policy(R"({"Effect":"Allow","Action":"GetObject","Resource":"*"})")},
        RefusedCase{PolicyKind::kIdentity, Policy(R"({"Effect":"Allow","Action":"*","Resource":"b/x"})")},
        RefusedCase{PolicyKind::kIdentity, Policy(R"({"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"})")},
        RefusedCase{PolicyKind::kIdentity, Policy(R"({"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"})")},
        RefusedCase{PolicyKind::kIdentity, Policy(R"({"Effect":"Allow","Action":"*","Resource":"*","Colour":"red"})")},
        RefusedCase{PolicyKind::kIdentity,
                    Policy(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringIs":{"a":"b"}}})")},
        RefusedCase{PolicyKind::kIdentity, Policy(R"({"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},)"
                                                  R"({"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"})")},
        RefusedCase{PolicyKind::kTrust, Policy(R"({"Effect":"Allow","Action":"sts:AssumeRole"})")},
        RefusedCase{PolicyKind::kTrust, Policy(R"({"Effect":"Allow","Principal":"*","Action":"s3:GetObject"})")},
        RefusedCase{PolicyKind::kTrust,
                    Policy(R"({"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"})")},
        RefusedCase{PolicyKind::kBucket,
                    Policy(R"({"Effect":"Allow","Principal":"*","Action":"ec2:*","Resource":"*"})")},
        RefusedCase{PolicyKind::kBucket,
                    Policy(R"({"Effect":"Allow","Principal":{"Robot":"r"},"Action":"s3:*","Resource":"*"})")}));

}  // namespace
}  // namespace attune
