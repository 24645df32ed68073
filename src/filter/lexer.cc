#include "filter/lexer.h"

#include <fmt/format.h>

#include "data/clean_text.h"
#include "filter/ast.h"

namespace attune {
namespace {

/// Reads the expression from its beginning to its end, once.
class Lexer {
 public:
  explicit Lexer(std::string_view expression) : expression_(expression) {}

  Result<std::vector<FilterToken>> Run() {
    while (true) {
      while (at_ < expression_.size() && IsBlank(expression_[at_])) ++at_;
      if (at_ == expression_.size()) break;
      ATTUNE_RETURN_IF_ERROR(Next());
    }
    tokens_.push_back({.kind = FilterTokenKind::kEnd, .text = {}, .offset = expression_.size()});
    return std::move(tokens_);
  }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  static bool IsWordCharacter(char c) {
    return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }
  static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

  Status Next() {
    const char c = expression_[at_];
    const char following = at_ + 1 < expression_.size() ? expression_[at_ + 1] : '\0';
    // A column may begin with a digit: what follows the dot of Items.2ND_GENRE is a name.
    const bool is_column = !tokens_.empty() && tokens_.back().kind == FilterTokenKind::kDot;
    if (c == '"' || c == '\'') return Text(c);
    if (c == '$') return Parameter();
    if (IsWordCharacter(c) && (!IsDigit(c) || is_column)) return Word();
    if (IsDigit(c) || ((c == '-' || c == '+') && (IsDigit(following) || following == '.'))) return Number();
    if (c == '.' && IsDigit(following) && !FollowsWord()) return Number();
    switch (c) {
      case '.': return Symbol(FilterTokenKind::kDot, 1);
      case ',': return Symbol(FilterTokenKind::kComma, 1);
      case '(': return Symbol(FilterTokenKind::kOpen, 1);
      case ')': return Symbol(FilterTokenKind::kClose, 1);
      case '|': return Symbol(FilterTokenKind::kBar, 1);
      case '*': return Symbol(FilterTokenKind::kStar, 1);
      case '=': return Symbol(FilterTokenKind::kOperator, 1);
      case '<':
      case '>': return Symbol(FilterTokenKind::kOperator, following == '=' ? 2 : 1);
      case '!':
        if (following == '=') return Symbol(FilterTokenKind::kOperator, 2);
        break;
      default: break;
    }
    return FilterSyntaxError(expression_, at_, Character(), "a keyword, a column, a value or an operator");
  }

  bool FollowsWord() const { return !tokens_.empty() && tokens_.back().kind == FilterTokenKind::kWord; }

  Status Symbol(FilterTokenKind kind, std::size_t size) {
    tokens_.push_back({.kind = kind, .text = expression_.substr(at_, size), .offset = at_});
    at_ += size;
    return {};
  }

  std::size_t WordEnd(std::size_t from) const {
    while (from < expression_.size() && IsWordCharacter(expression_[from])) ++from;
    return from;
  }

  Status Word() { return Symbol(FilterTokenKind::kWord, WordEnd(at_) - at_); }

  Status Text(char quote) {
    const std::size_t end = expression_.find(quote, at_ + 1);
    if (end == std::string_view::npos) {
      return FilterSyntaxError(expression_, at_, expression_.substr(at_),
                               fmt::format("another {} that ends the string", quote));
    }
    tokens_.push_back(
        {.kind = FilterTokenKind::kText, .text = expression_.substr(at_ + 1, end - at_ - 1), .offset = at_});
    at_ = end + 1;
    return {};
  }

  Status Parameter() {
    const std::size_t end = WordEnd(at_ + 1);
    const std::string_view name = expression_.substr(at_ + 1, end - at_ - 1);
    if (name.empty() || name.size() > kFilterParameterCharactersMax) {
      return FilterSyntaxError(expression_, at_, expression_.substr(at_, end - at_),
                               fmt::format("$ and a name of 1 to {} letters, digits and '_'; this one has {}",
                                           kFilterParameterCharactersMax, name.size()));
    }
    tokens_.push_back({.kind = FilterTokenKind::kParameter, .text = name, .offset = at_});
    at_ = end;
    return {};
  }

  /// Everything that looks as if it belonged to the number is read as part of it: 1.2.3 and 18x are no numbers.
  Status Number() {
    std::size_t end = at_ + 1;
    while (end < expression_.size()) {
      const char c = expression_[end];
      const char before = expression_[end - 1];
      const bool is_exponent_sign = (c == '-' || c == '+') && (before == 'e' || before == 'E');
      if (!IsWordCharacter(c) && c != '.' && !is_exponent_sign) break;
      ++end;
    }
    const std::string_view text = expression_.substr(at_, end - at_);
    if (!FilterNumber::Parse(text)) return FilterSyntaxError(expression_, at_, text, "a finite decimal number");
    return Symbol(FilterTokenKind::kNumber, text.size());
  }

  /// The whole UTF-8 character that stands here.
  std::string_view Character() const {
    std::size_t end = at_ + 1;
    while (end < expression_.size() && (static_cast<unsigned char>(expression_[end]) & 0xc0) == 0x80) ++end;
    return expression_.substr(at_, end - at_);
  }

  const std::string_view expression_;
  std::size_t at_ = 0;
  std::vector<FilterToken> tokens_;
};

}  // namespace

Result<std::vector<FilterToken>> TokenizeFilter(std::string_view expression) { return Lexer(expression).Run(); }

std::size_t FilterPosition(std::string_view expression, std::size_t offset) {
  return Characters(expression.substr(0, offset)) + 1;
}

Status FilterSyntaxError(std::string_view expression, std::size_t offset, std::string_view found,
                         std::string_view expected) {
  constexpr std::size_t kShownBytesMax = 40;
  std::string shown(found.substr(0, kShownBytesMax));
  if (found.size() > kShownBytesMax) {
    // No half of a character at the end.
    std::size_t end = kShownBytesMax;
    while (end > 0 && (static_cast<unsigned char>(found[end]) & 0xc0) == 0x80) --end;
    shown = std::string(found.substr(0, end)) + "…";
  }
  return InvalidArgument(fmt::format("Invalid input symbol: {} at position {}; expected {}.",
                                     found.empty() ? "the end of the expression" : "'" + shown + "'",
                                     FilterPosition(expression, offset), expected));
}

}  // namespace attune
