#include "filter/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "filter/lexer.h"

namespace attune {
namespace {

using ::testing::HasSubstr;

std::string Message(std::string_view expression) {
  const auto filter = ParseFilter(expression);
  EXPECT_EQ(filter.status().code(), Code::kInvalidArgument) << expression;
  return filter.status().message();
}

TEST(ParseFilter, TakesEveryDocumentedExample) {
  for (
      const std::string_view expression : {
          R"(EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click", "stream"))",
          R"(EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE))",
          R"(INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*"))",
          R"(INCLUDE ItemID WHERE Items.CATEGORY IN ("shoes", "shirts") AND Items.PRICE >= 10)",
          R"(EXCLUDE ItemID WHERE Items.CATEGORY IN ("shoe") AND Items.DESCRIPTION NOT IN ("boot"))",
          R"(INCLUDE ItemID WHERE Items.PRICE <= $PRICE)",
          R"(INCLUDE ItemID WHERE Items.PRICE > ($PRICE))",
          R"(INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP < $DATE)",
          R"(INCLUDE ItemID WHERE Items.CATEGORY IN ($C) | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase"))",
          R"(EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) IF CurrentUser.AGE = $AGE)",
          R"(INCLUDE ItemID WHERE Items.CATEGORY IN ("watch") AND Items.DESCRIPTION IN ("luxury") IF CurrentUser.AGE > 18)",
          R"(INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE)",
          R"(INCLUDE UserID WHERE Users.MEMBERSHIP_STATUS IN ($MEMBERSHIP))",
          R"(exclude UserId where users.country in ("us"))",
          R"(EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("Taken"))",
      }) {
    EXPECT_TRUE(ParseFilter(expression).ok()) << expression << ": " << ParseFilter(expression).status().ToString();
  }
}

TEST(ParseFilter, TakesWhatClientsWriteBesides) {
  for (const std::string_view expression : {
           R"(include itemid where INTERACTIONS.event_type in (*))",
           R"(INCLUDE ItemID WHERE Items.GENRE IN ('Drama', "Children's"))",
           R"(INCLUDE ItemID WHERE ITEMS.GENRES IN CurrentItem.GENRES)",
           R"(INCLUDE ItemID WHERE Items.2ND_GENRE IN ("a"))",
           "INCLUDE\n\tItemID WHERE Items.YEAR>=1970",
           "INCLUDE ItemID WHERE Items.SCORE >= -1.5e-3 AND Items.SCORE!=.5",
           R"(INCLUDE ItemID WHERE Items.YEAR IN (1990, 1991) OR Items.YEAR NOT IN (2000))",
           R"(EXCLUDE ItemID WHERE Items.A IN ("x") IF CurrentUser.AGE > 18 AND CurrentUser.SEX NOT IN ("f"))",
       }) {
    EXPECT_TRUE(ParseFilter(expression).ok()) << expression << ": " << ParseFilter(expression).status().ToString();
  }
}

TEST(ParseFilter, KeepsTheShapeOfTheExpression) {
  const auto filter =
      ParseFilter(R"(INCLUDE ItemID WHERE Items.A IN ("x", $P) OR Items.B > 1 AND Items.C NOT IN ('y') | )"
                  R"(EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*") IF CurrentUser.AGE <= ($AGE))");

  ASSERT_TRUE(filter.ok()) << filter.status().ToString();
  EXPECT_EQ(filter->target, FilterTarget::kItems);
  ASSERT_EQ(filter->clauses.size(), 2u);
  const FilterClause& include = filter->clauses[0];
  EXPECT_EQ(include.action, FilterAction::kInclude);
  ASSERT_EQ(include.any_of.size(), 2u);  // AND binds tighter than OR.
  ASSERT_EQ(include.any_of[0].size(), 1u);
  ASSERT_EQ(include.any_of[1].size(), 2u);
  EXPECT_EQ(FilterFieldText(include.any_of[0][0].field), "Items.A");
  EXPECT_EQ(include.any_of[0][0].field.position, 22u);
  EXPECT_EQ(include.any_of[0][0].operands[1].kind, FilterOperandKind::kParameter);
  EXPECT_EQ(include.any_of[0][0].operands[1].text, "P");
  EXPECT_EQ(include.any_of[1][0].op, FilterOperator::kGreater);
  EXPECT_EQ(include.any_of[1][0].operands[0].number.whole, 1);
  EXPECT_EQ(include.any_of[1][1].op, FilterOperator::kNotIn);
  EXPECT_EQ(include.any_of[1][1].operands[0].text, "y");
  const FilterClause& exclude = filter->clauses[1];
  EXPECT_EQ(exclude.action, FilterAction::kExclude);
  EXPECT_EQ(exclude.any_of[0][0].operands[0].kind, FilterOperandKind::kAny);
  ASSERT_EQ(exclude.only_if.size(), 1u);
  EXPECT_EQ(exclude.only_if[0].field.dataset, FilterDataset::kCurrentUser);
  EXPECT_EQ(exclude.only_if[0].op, FilterOperator::kLessEqual);
}

TEST(ParseFilter, NamesThePlaceWhatStandsThereAndWhatWasExpected) {
  EXPECT_EQ(Message(""), "Invalid input symbol: the end of the expression at position 1; expected INCLUDE or EXCLUDE.");
  EXPECT_EQ(Message("KEEP ItemID WHERE Items.A = 1"),
            "Invalid input symbol: 'KEEP' at position 1; expected INCLUDE or EXCLUDE.");
  EXPECT_EQ(Message("INCLUDE Items WHERE Items.A = 1"),
            "Invalid input symbol: 'Items' at position 9; expected ItemID, UserID or ActionID.");
  EXPECT_EQ(Message("INCLUDE ItemID Items.A = 1"), "Invalid input symbol: 'Items' at position 16; expected WHERE.");
  EXPECT_EQ(Message("INCLUDE ItemID WHERE Items.A"),
            "Invalid input symbol: the end of the expression at position 29; expected IN, NOT IN, =, !=, <, <=, > or "
            ">=.");
  EXPECT_EQ(Message("INCLUDE ItemID WHERE Items.A IN (\"x\""),
            "Invalid input symbol: the end of the expression at position 37; expected ',' or ')'.");
  EXPECT_EQ(Message("INCLUDE ItemID WHERE Items.Ä IN (1)"),
            "Invalid input symbol: 'Ä' at position 28; expected a keyword, a column, a value or an operator.");
  EXPECT_EQ(Message("INCLUDE ItemID WHERE Items.A IN (\"Ä\") x"),
            "Invalid input symbol: 'x' at position 39; expected AND, OR, IF, '|' or the end of the expression.");
}

TEST(ParseFilter, RefusesWhatTheGrammarDoesNotHave) {
  EXPECT_THAT(Message("INCLUDE ItemID WHERE (Items.A = 1)"), HasSubstr("'(' at position 22; expected a column of"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A = \"1\""), HasSubstr("strings compare with IN"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A > (1)"), HasSubstr("expected a $parameter"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A IN ()"), HasSubstr("expected a string in quotes"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A IN $P"), HasSubstr("expected '(' and a list"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A NOT (\"x\")"), HasSubstr("expected IN after NOT"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A NOT IN CurrentItem.A"), HasSubstr("expected '(' and a list"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Users.A = 1"), HasSubstr("'Users' at position 22"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE CurrentUser.A = 1"), HasSubstr("'CurrentUser' at position 22"));
  EXPECT_THAT(Message("INCLUDE UserID WHERE Items.A = 1"), HasSubstr("expected a column of Users"));
  EXPECT_THAT(Message("INCLUDE ActionID WHERE Interactions.EVENT_TYPE IN (\"x\")"), HasSubstr("Action_Interactions"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A = 1 AND Interactions.EVENT_TYPE IN (\"x\")"),
              HasSubstr("'Interactions' at position 38; expected a column of Items: all conditions of one clause"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A = 1 | EXCLUDE UserID WHERE Users.A = 1"), HasSubstr("the same of"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A = 1 IF Items.A = 1"), HasSubstr("a column of CurrentUser"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A = 1 IF CurrentUser.A = 1 OR CurrentUser.A = 2"),
              HasSubstr("'OR' at position 55; expected AND or the end"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A = 1 IF CurrentUser.A = 1 | EXCLUDE ItemID WHERE Items.A = 1"),
              HasSubstr("'|' at position 55; expected the end of the expression, where IF stands"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A = 1 |"), HasSubstr("the end of the expression"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A = CurrentUser.A"), HasSubstr("expected a number"));
}

TEST(ParseFilter, RefusesAPlaceholderWithNotIn) {
  EXPECT_THAT(
      Message("EXCLUDE ItemID WHERE Items.A NOT IN ($GENRE)"),
      ::testing::StartsWith("Invalid input symbol: $GENRE. Placeholders are not allowed with NOT_IN operator."));
}

TEST(ParseFilter, RefusesBrokenTokens) {
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A IN (\"x)"),
              HasSubstr("at position 34; expected another \" that ends the string"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A > 1.2.3"), HasSubstr("'1.2.3' at position 32"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A > 18x"), HasSubstr("'18x'"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A > 1e999"), HasSubstr("a finite decimal number"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A > inf"), HasSubstr("'inf'"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A ! 1"), HasSubstr("'!'"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A = $"), HasSubstr("'$' at position 32"));
  EXPECT_TRUE(ParseFilter("INCLUDE ItemID WHERE Items.A = $" + std::string(50, 'p')).ok());
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A = $" + std::string(51, 'p')), HasSubstr("this one has 51"));
}

TEST(ParseFilter, TakesExpressionsUpToTheLimit) {
  const std::string head = "INCLUDE ItemID WHERE Items.A IN (\"";
  const auto of_length = [&](std::size_t characters) {
    return head + std::string(characters - head.size() - 2, 'x') + "\")";
  };

  EXPECT_TRUE(ParseFilter(of_length(2500)).ok());
  EXPECT_EQ(Message(of_length(2501)), "The filter expression has 2501 characters; the limit is 2500.");
  EXPECT_EQ(Message(of_length(10'000)), "The filter expression has 10000 characters; the limit is 2500.");
  EXPECT_THAT(Message(std::string(1'000'000, '(')), HasSubstr("1000000 characters"));
}

TEST(ParseFilter, CountsCharactersNotBytes) {
  const std::string head = "INCLUDE ItemID WHERE Items.A IN (\"";
  std::string text;
  for (std::size_t i = 0; i < 2500 - head.size() - 2; ++i) text += "ä";

  EXPECT_TRUE(ParseFilter(head + text + "\")").ok());
  EXPECT_FALSE(ParseFilter(head + text + "ä\")").ok());
}

TEST(ParseFilter, RefusesAThousandParenthesesAtTheSecond) {
  EXPECT_THAT(Message("INCLUDE ItemID WHERE " + std::string(1000, '(')), HasSubstr("'(' at position 22"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A > " + std::string(1000, '(') + "$P" + std::string(1000, ')')),
              HasSubstr("'(' at position 33; expected a $parameter"));
  EXPECT_THAT(Message("INCLUDE ItemID WHERE Items.A IN " + std::string(1000, '(')), HasSubstr("'(' at position 34"));
}

TEST(FilterNumber, KeepsWholeNumbersExactly) {
  EXPECT_EQ(FilterNumber::Parse("9007199254740993")->whole, 9007199254740993);
  EXPECT_EQ(FilterNumber::Parse("-7")->whole, -7);
  EXPECT_EQ(FilterNumber::Parse("+7")->whole, 7);
  EXPECT_EQ(FilterNumber::Parse("1.0")->whole, std::nullopt);
  EXPECT_EQ(FilterNumber::Parse(".5")->real, 0.5);
  for (const std::string_view text :
       {"", "-", "+", "--1", "+-1", "inf", "-inf", "nan", "1x", "0x10", " 1", "1 ", "."}) {
    EXPECT_FALSE(FilterNumber::Parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace attune
