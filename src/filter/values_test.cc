#include "filter/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/parser.h"

namespace attune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Read(std::string_view text) {
  const auto values = ReadFilterValue("P", text);
  EXPECT_TRUE(values.ok()) << values.status().ToString();
  return values.ok() ? *values : std::vector<std::string>{};
}

Result<FilterExpression> Bind(std::string_view expression, const FilterValues& values) {
  const auto filter = ParseFilter(expression);
  EXPECT_TRUE(filter.ok()) << filter.status().ToString();
  return BindFilterValues(*filter, values);
}

TEST(ReadFilterValue, TakesQuotedListsAndBareValues) {
  EXPECT_THAT(Read(R"("Drama")"), ElementsAre("Drama"));
  EXPECT_THAT(Read(R"("Drama","Comedy")"), ElementsAre("Drama", "Comedy"));
  EXPECT_THAT(Read(R"( "Drama" , 'Children' )"), ElementsAre("Drama", "Children"));
  EXPECT_THAT(Read(R"("Children's","a|b","")"), ElementsAre("Children's", "a|b", ""));
  EXPECT_THAT(Read("18"), ElementsAre("18"));
  EXPECT_THAT(Read(" -1.5 "), ElementsAre("-1.5"));
  EXPECT_THAT(Read("1990, 1991"), ElementsAre("1990", "1991"));
  EXPECT_THAT(Read("Drama and more"), ElementsAre("Drama and more"));
  EXPECT_THAT(Read(""), IsEmpty());
  EXPECT_THAT(Read("  "), IsEmpty());
}

TEST(ReadFilterValue, TakesAListInsideOnePairOfQuotesAsOneString) {
  EXPECT_THAT(Read(R"("value1, value2")"), ElementsAre("value1, value2"));
}

TEST(ReadFilterValue, RefusesWhatIsHalfQuoted) {
  const auto message = [](std::string_view text) { return ReadFilterValue("P", text).status().message(); };

  EXPECT_THAT(message(R"("Drama)"), HasSubstr("parameter P has a quote without end"));
  EXPECT_THAT(message(R"("Drama",")"), HasSubstr("without end: value 2"));
  EXPECT_THAT(message(R"("Drama" x)"), HasSubstr("text after the quotes of value 1"));
  EXPECT_THAT(message(R"("Drama",)"), HasSubstr("value 2 of the list is not in quotes"));
  EXPECT_THAT(message(R"("Drama",Comedy)"), HasSubstr("value 2 of the list is not in quotes"));
  EXPECT_THAT(message(R"(Drama")"), HasSubstr("a quote inside"));
  EXPECT_THAT(message("Drama,Comedy"), HasSubstr("a list of strings without quotes"));
  EXPECT_THAT(message("1,,2"), HasSubstr("without quotes"));
}

TEST(BindFilterValues, PutsValuesInTheirPlaces) {
  const auto bound =
      Bind(R"(INCLUDE ItemID WHERE Items.A IN ("x", $P) AND Items.B > $N)", {{"P", R"("y","z")"}, {"N", "3"}});

  ASSERT_TRUE(bound.ok()) << bound.status().ToString();
  const auto& conditions = bound->clauses[0].any_of[0];
  ASSERT_EQ(conditions[0].operands.size(), 3u);
  EXPECT_EQ(conditions[0].operands[2].text, "z");
  EXPECT_EQ(conditions[1].operands[0].text, "3");
}

TEST(BindFilterValues, SkipsAnExcludeWithoutItsParameterAndRefusesAnInclude) {
  constexpr std::string_view kBoth =
      R"(INCLUDE ItemID WHERE Items.A IN ($I) | EXCLUDE ItemID WHERE Items.B IN ($E) IF CurrentUser.C = $U)";

  EXPECT_EQ(Bind(kBoth, {{"I", "a"}, {"E", "b"}, {"U", "1"}})->clauses.size(), 2u);
  EXPECT_EQ(Bind(kBoth, {{"I", "a"}, {"E", "b"}})->clauses.size(), 1u);
  EXPECT_EQ(Bind(kBoth, {{"I", "a"}})->clauses.size(), 1u);
  EXPECT_EQ(Bind(kBoth, {{"E", "b"}, {"U", "1"}}).status().message(),
            "filterValues lacks the key I: the filter's INCLUDE needs $I.");
  EXPECT_TRUE(Bind("EXCLUDE ItemID WHERE Items.A IN ($E)", {})->clauses.empty());
}

TEST(BindFilterValues, RefusesValuesThatNobodyAskedFor) {
  EXPECT_THAT(Bind("EXCLUDE ItemID WHERE Items.A IN ($E)", {{"e", "x"}}).status().message(),
              HasSubstr("filterValues has the key e, but the filter has no parameter $e"));
  EXPECT_FALSE(Bind("EXCLUDE ItemID WHERE Items.A IN (\"x\")", {{"E", "x"}}).ok());
}

TEST(BindFilterValues, WantsOneNumberForAComparison) {
  EXPECT_THAT(Bind("EXCLUDE ItemID WHERE Items.A > $E", {{"E", "1,2"}}).status().message(), HasSubstr("has 2 numbers"));
  EXPECT_THAT(Bind("EXCLUDE ItemID WHERE Items.A > $E", {{"E", ""}}).status().message(), HasSubstr("has 0 numbers"));
}

}  // namespace
}  // namespace attune
