#include "server/named_arns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NamedArns, AreAllThatTheBodyNamesWhateverTheOrder) {
  const auto found = FindNamedArns(R"({"xArn":"arn:1","campaignArn":"arn:2","filterArn":"arn:3","campaignArn":"arn:4",
      "name":"arn:5","a":{"b":[{"datasetArn":"arn:6"}],"solutionArns":["arn:7"],"someArn":["arn:8","arn:2"]}})");
  EXPECT_THAT(found.resources, ElementsAre("arn:1", "arn:2", "arn:3", "arn:4", "arn:6", "arn:8"));
  EXPECT_THAT(found.roles, IsEmpty());
}

TEST(NamedArns, KnowRolesFromResourcesAndPassOverWhatIsEverybodys) {
  const auto found =
      FindNamedArns(R"({"roleArn":"arn:r","recipeArn":"arn:x","kmsKeyArn":"arn:k","datasetGroupArn":"arn:g",
      "metricsOutputConfig":{"roleArn":"arn:s"}})");
  EXPECT_THAT(found.resources, ElementsAre("arn:g"));
  EXPECT_THAT(found.roles, ElementsAre("arn:r", "arn:s"));
}

TEST(NamedArns, AreOfARecipeWhereNothingElseIs) {
  EXPECT_THAT(FindNamedArns(R"({"recipeArn":"arn:x"})").resources, ElementsAre("arn:x"));
}

TEST(NamedArns, HaveTheTagsOfTheRequestEachTimeTheyAreThere) {
  const auto found = FindNamedArns(R"({"tags":[{"tagKey":"a","tagValue":"1"},{"tagKey":"b"},7],"tagKeys":["c",7],
      "x":{"tags":[{"tagKey":"inside","tagValue":"1"}]},"tags":[{"tagValue":"2","tagKey":"a"}]})");
  EXPECT_THAT(found.tags, ElementsAre(testing::Pair("a", "1"), testing::Pair("a", "2")));
  EXPECT_THAT(found.tag_keys, ElementsAre("c"));
}

TEST(NamedArns, AreNoneInWhatIsNoJsonOrNotText) {
  for (const char* body : {"", "{", "[]", "7", R"({"campaignArn":7,"roleArn":null,"filterArn":""})"}) {
    EXPECT_THAT(FindNamedArns(body).resources, IsEmpty()) << body;
    EXPECT_THAT(FindNamedArns(body).roles, IsEmpty()) << body;
  }
}

}  // namespace
}  // namespace attune
