#include "data/clean_text.h"

#include <algorithm>

namespace attune {

std::string CleanText(std::string_view text) {
  std::string clean;
  std::size_t characters = 0;
  bool blank_pending = false;
  const std::size_t found = text.rfind('>');
  const std::size_t last_close = found == std::string_view::npos ? 0 : found;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '<' && i < last_close) {  // After the last '>' it is a sign, not a tag.
      i = text.find('>', i);
      blank_pending = true;
      continue;
    }
    if (c <= ' ') {
      blank_pending = true;
      continue;
    }
    const bool begins_character = (c & 0xc0) != 0x80;
    if (begins_character) {
      const std::size_t needed = blank_pending && !clean.empty() ? 2 : 1;
      if (characters + needed > kTextualCharactersMax) break;
      if (needed == 2) clean.push_back(' ');
      characters += needed;
      blank_pending = false;
    }
    clean.push_back(static_cast<char>(c));
  }
  return clean;
}

std::size_t Characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace attune
