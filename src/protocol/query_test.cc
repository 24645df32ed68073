#include "protocol/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune {
namespace {

using testing::ElementsAre;

TEST(QueryForm, ReadsActionAndEncodedParameters) {
  const auto form = QueryForm::Parse("Action=CreateRole&Version=2010-05-08&RoleName=My+Role&Doc=%7B%22a%22%3A1%7D");

  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->action(), "CreateRole");
  EXPECT_EQ(form->version(), "2010-05-08");
  EXPECT_EQ(form->Find("RoleName"), "My Role");
  EXPECT_EQ(form->Find("Doc"), R"({"a":1})");
  EXPECT_EQ(form->Find("Absent"), std::nullopt);
}

TEST(QueryForm, ReadsListsUpToTheFirstGap) {
  const auto form = QueryForm::Parse(
      "ActionNames.member.2=b&ActionNames.member.1=a&ActionNames.member.4=d&Tags.member.1.Key=k&Tags.member.1.Value=v");

  ASSERT_TRUE(form.ok());
  EXPECT_THAT(form->List("ActionNames"), ElementsAre("a", "b"));
  const auto tags = form->StructureList("Tags");
  ASSERT_EQ(tags.size(), 1u);
  EXPECT_EQ(tags[0].Find("Key"), "k");
  EXPECT_EQ(tags[0].Find("Value"), "v");
}

TEST(QueryForm, RefusesAWrongEscapeAndTooManyParameters) {
  EXPECT_EQ(QueryForm::Parse("a=%zz").status().code(), Code::kInvalidArgument);
  std::string body;
  for (std::size_t i = 0; i < QueryForm::kParametersMax; ++i) body += "a=1&";
  EXPECT_TRUE(QueryForm::Parse(body).ok());
  EXPECT_FALSE(QueryForm::Parse(body + "a=1").ok());
}

}  // namespace
}  // namespace attune
