#include "filter/parser.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "data/clean_text.h"
#include "filter/fold.h"
#include "filter/lexer.h"

namespace attune {
namespace {

constexpr std::array kTargets = {
    std::pair{std::string_view("itemid"), FilterTarget::kItems},
    std::pair{std::string_view("userid"), FilterTarget::kUsers},
    std::pair{std::string_view("actionid"), FilterTarget::kActions},
};

constexpr std::array kDatasets = {
    std::pair{std::string_view("interactions"), FilterDataset::kInteractions},
    std::pair{std::string_view("items"), FilterDataset::kItems},
    std::pair{std::string_view("users"), FilterDataset::kUsers},
    std::pair{std::string_view("actions"), FilterDataset::kActions},
    std::pair{std::string_view("action_interactions"), FilterDataset::kActionInteractions},
    std::pair{std::string_view("currentuser"), FilterDataset::kCurrentUser},
    std::pair{std::string_view("currentitem"), FilterDataset::kCurrentItem},
};

constexpr std::array kComparisons = {
    std::pair{std::string_view("="), FilterOperator::kEqual},
    std::pair{std::string_view("!="), FilterOperator::kNotEqual},
    std::pair{std::string_view("<"), FilterOperator::kLess},
    std::pair{std::string_view("<="), FilterOperator::kLessEqual},
    std::pair{std::string_view(">"), FilterOperator::kGreater},
    std::pair{std::string_view(">="), FilterOperator::kGreaterEqual},
};

template <class Table>
auto Look(const Table& table, std::string_view folded) -> const decltype(table[0].second)* {
  for (const auto& [name, value] : table) {
    if (name == folded) return &value;
  }
  return nullptr;
}

/// Which datasets a clause about `target` may ask.
bool MayAsk(FilterTarget target, FilterDataset dataset) {
  switch (target) {
    case FilterTarget::kItems: return dataset == FilterDataset::kItems || dataset == FilterDataset::kInteractions;
    case FilterTarget::kUsers: return dataset == FilterDataset::kUsers || dataset == FilterDataset::kInteractions;
    case FilterTarget::kActions:
      return dataset == FilterDataset::kActions || dataset == FilterDataset::kActionInteractions;
  }
  return false;
}

std::string_view DatasetsOf(FilterTarget target) {
  switch (target) {
    case FilterTarget::kItems: return "a column of Items or Interactions, such as Items.PRICE";
    case FilterTarget::kUsers: return "a column of Users or Interactions, such as Users.AGE";
    case FilterTarget::kActions: return "a column of Actions or Action_Interactions, such as Actions.VALUE";
  }
  return "";
}

/// Takes one token after the other; each function leaves off after what it read.
class Parser {
 public:
  Parser(std::string_view expression, std::vector<FilterToken> tokens)
      : expression_(expression), tokens_(std::move(tokens)) {}

  Result<FilterExpression> Run() {
    while (true) {
      ATTUNE_RETURN_IF_ERROR(ReadClause());
      if (!Take(FilterTokenKind::kBar)) break;
      if (!filter_.clauses.back().only_if.empty()) {
        --at_;
        return Unexpected("the end of the expression, where IF stands");
      }
    }
    if (token().kind != FilterTokenKind::kEnd) {
      return Unexpected(filter_.clauses.back().only_if.empty() ? "AND, OR, IF, '|' or the end of the expression"
                                                               : "AND or the end of the expression");
    }
    return std::move(filter_);
  }

 private:
  const FilterToken& token() const { return tokens_[at_]; }

  bool IsWord(std::string_view folded) const {
    return token().kind == FilterTokenKind::kWord && FoldCase(token().text) == folded;
  }
  bool TakeWord(std::string_view folded) {
    if (!IsWord(folded)) return false;
    ++at_;
    return true;
  }
  bool Take(FilterTokenKind kind) {
    if (token().kind != kind) return false;
    ++at_;
    return true;
  }

  std::size_t Position() const { return FilterPosition(expression_, token().offset); }

  Status Unexpected(std::string_view expected) const {
    // As it was written: with the quotes of a string and the '$' of a parameter.
    const std::size_t end =
        token().kind == FilterTokenKind::kText
            ? token().offset + token().text.size() + 2
            : token().offset + token().text.size() + (token().kind == FilterTokenKind::kParameter ? 1 : 0);
    return FilterSyntaxError(expression_, token().offset, expression_.substr(token().offset, end - token().offset),
                             expected);
  }

  Status ReadClause() {
    FilterClause clause;
    if (TakeWord("exclude")) {
      clause.action = FilterAction::kExclude;
    } else if (!TakeWord("include")) {
      return Unexpected("INCLUDE or EXCLUDE");
    }
    ATTUNE_RETURN_IF_ERROR(ReadTarget());
    if (!TakeWord("where")) return Unexpected("WHERE");
    clause.any_of.emplace_back();
    while (true) {
      ATTUNE_TRY(auto condition, ReadCondition(clause));
      clause.any_of.back().push_back(std::move(condition));
      if (TakeWord("or")) {
        clause.any_of.emplace_back();
      } else if (!TakeWord("and")) {
        break;
      }
    }
    if (TakeWord("if")) {
      do {
        ATTUNE_TRY(auto condition, ReadUserCondition());
        clause.only_if.push_back(std::move(condition));
      } while (TakeWord("and"));
    }
    filter_.clauses.push_back(std::move(clause));
    return {};
  }

  Status ReadTarget() {
    const auto* target = token().kind == FilterTokenKind::kWord ? Look(kTargets, FoldCase(token().text)) : nullptr;
    if (target == nullptr) return Unexpected("ItemID, UserID or ActionID");
    if (!filter_.clauses.empty() && *target != filter_.target) {
      return Unexpected("the same of ItemID, UserID and ActionID as in the clause before");
    }
    filter_.target = *target;
    ++at_;
    return {};
  }

  Result<FilterField> ReadField(std::string_view expected) {
    FilterField field{.column = {}, .position = Position()};
    const auto* dataset = token().kind == FilterTokenKind::kWord ? Look(kDatasets, FoldCase(token().text)) : nullptr;
    if (dataset == nullptr) return Unexpected(expected);
    field.dataset = *dataset;
    ++at_;
    if (!Take(FilterTokenKind::kDot)) {
      return Unexpected(fmt::format("'.' and a column of {}", FilterDatasetText(field.dataset)));
    }
    if (token().kind != FilterTokenKind::kWord) {
      return Unexpected(fmt::format("a column of {}", FilterDatasetText(field.dataset)));
    }
    field.column = token().text;
    ++at_;
    return field;
  }

  Result<FilterCondition> ReadCondition(const FilterClause& clause) {
    FilterCondition condition;
    const std::size_t begin = at_;
    ATTUNE_TRY(condition.field, ReadField(DatasetsOf(filter_.target)));
    if (!MayAsk(filter_.target, condition.field.dataset)) {
      at_ = begin;
      return Unexpected(DatasetsOf(filter_.target));
    }
    if (!clause.any_of.front().empty()) {
      const FilterDataset first = clause.any_of.front().front().field.dataset;
      if (condition.field.dataset != first) {
        at_ = begin;
        return Unexpected(fmt::format("a column of {}: all conditions of one clause are of the same dataset",
                                      FilterDatasetText(first)));
      }
    }
    ATTUNE_RETURN_IF_ERROR(ReadRightSide(&condition));
    return condition;
  }

  Result<FilterCondition> ReadUserCondition() {
    FilterCondition condition;
    const std::size_t begin = at_;
    constexpr std::string_view kExpected = "a column of CurrentUser, such as CurrentUser.AGE";
    ATTUNE_TRY(condition.field, ReadField(kExpected));
    if (condition.field.dataset != FilterDataset::kCurrentUser) {
      at_ = begin;
      return Unexpected(kExpected);
    }
    ATTUNE_RETURN_IF_ERROR(ReadRightSide(&condition));
    return condition;
  }

  Status ReadRightSide(FilterCondition* condition) {
    if (TakeWord("in")) {
      condition->op = FilterOperator::kIn;
      return ReadList(condition);
    }
    if (TakeWord("not")) {
      if (!TakeWord("in")) return Unexpected("IN after NOT");
      condition->op = FilterOperator::kNotIn;
      return ReadList(condition);
    }
    const auto* comparison = token().kind == FilterTokenKind::kOperator ? Look(kComparisons, token().text) : nullptr;
    if (comparison == nullptr) return Unexpected("IN, NOT IN, =, !=, <, <=, > or >=");
    condition->op = *comparison;
    ++at_;
    return ReadComparand(condition);
  }

  /// Whether the current item may stand on the right-hand side here.
  static bool MayNameCurrentItem(const FilterCondition& condition) {
    return condition.field.dataset == FilterDataset::kItems && condition.op != FilterOperator::kNotIn;
  }

  Status ReadCurrentItem(FilterCondition* condition) {
    const std::size_t position = Position();
    ATTUNE_TRY(const auto field, ReadField("a column of CurrentItem"));
    condition->operands.push_back(
        {.kind = FilterOperandKind::kCurrentItem, .text = field.column, .number = {}, .position = position});
    return {};
  }

  Status ReadList(FilterCondition* condition) {
    if (IsWord("currentitem") && MayNameCurrentItem(*condition)) return ReadCurrentItem(condition);
    if (!Take(FilterTokenKind::kOpen)) return Unexpected("'(' and a list of values");
    do {
      ATTUNE_RETURN_IF_ERROR(ReadListValue(condition));
    } while (Take(FilterTokenKind::kComma));
    if (!Take(FilterTokenKind::kClose)) return Unexpected("',' or ')'");
    return {};
  }

  Status ReadListValue(FilterCondition* condition) {
    FilterOperand operand{.text = std::string(token().text), .number = {}, .position = Position()};
    switch (token().kind) {
      case FilterTokenKind::kText:
        if (operand.text == "*") operand.kind = FilterOperandKind::kAny;
        break;
      case FilterTokenKind::kStar: operand.kind = FilterOperandKind::kAny; break;
      case FilterTokenKind::kNumber:
        operand.kind = FilterOperandKind::kNumber;
        operand.number = FilterNumber::Parse(token().text).value_or(FilterNumber{});
        break;
      case FilterTokenKind::kParameter:
        if (condition->op == FilterOperator::kNotIn) {
          return InvalidArgument(
              fmt::format("Invalid input symbol: ${}. Placeholders are not allowed with NOT_IN operator. It stands at "
                          "position {}; expected a string in quotes or a number.",
                          operand.text, operand.position));
        }
        operand.kind = FilterOperandKind::kParameter;
        break;
      default:
        return Unexpected(condition->op == FilterOperator::kNotIn ? "a string in quotes or a number"
                                                                  : "a string in quotes, a number or a $parameter");
    }
    condition->operands.push_back(std::move(operand));
    ++at_;
    return {};
  }

  Status ReadComparand(FilterCondition* condition) {
    if (IsWord("currentitem") && MayNameCurrentItem(*condition)) return ReadCurrentItem(condition);
    const bool has_parenthesis = Take(FilterTokenKind::kOpen);
    const bool is_parameter = token().kind == FilterTokenKind::kParameter;
    if (!is_parameter && (has_parenthesis || token().kind != FilterTokenKind::kNumber)) {
      return Unexpected(has_parenthesis ? "a $parameter" : "a number or a $parameter; strings compare with IN");
    }
    condition->operands.push_back(
        {.kind = is_parameter ? FilterOperandKind::kParameter : FilterOperandKind::kNumber,
         .text = std::string(token().text),
         .number = is_parameter ? FilterNumber{} : FilterNumber::Parse(token().text).value_or(FilterNumber{}),
         .position = Position()});
    ++at_;
    if (has_parenthesis && !Take(FilterTokenKind::kClose)) return Unexpected("')'");
    return {};
  }

  const std::string_view expression_;
  const std::vector<FilterToken> tokens_;
  std::size_t at_ = 0;
  FilterExpression filter_;
};

}  // namespace

Result<FilterExpression> ParseFilter(std::string_view expression) {
  // Counting characters costs time too: a text of so many bytes has more of them than the limit.
  constexpr std::size_t kBytesOfCharacterMax = 4;
  if (expression.size() > kFilterCharactersMax * kBytesOfCharacterMax ||
      Characters(expression) > kFilterCharactersMax) {
    return InvalidArgument(fmt::format("The filter expression has {} characters; the limit is {}.",
                                       Characters(expression), kFilterCharactersMax));
  }
  ATTUNE_TRY(auto tokens, TokenizeFilter(expression));
  return Parser(expression, std::move(tokens)).Run();
}

}  // namespace attune
