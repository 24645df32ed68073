#include "protocol/pattern.h"

#include <algorithm>
#include <bit>

#include "protocol/generated/unicode_classes.h"

namespace attune {
namespace {

struct Decoded {
  char32_t character;
  std::size_t bytes;
};

Decoded DecodeUtf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xe0) return {(lead & 0x1f) << 6 | (byte(1) & 0x3f), 2};
  if (lead < 0xf0) return {(lead & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f), 4};
}

}  // namespace

WideCharacter ClassifyWideCharacter(char32_t character) {
  if (character == 0x85 || character == 0x2028 || character == 0x2029) return WideCharacter::kLineEnd;
  const auto* range = std::ranges::lower_bound(kLetterSeparatorNumberRanges, character, {}, &CharacterRange::last);
  const bool found = range != std::end(kLetterSeparatorNumberRanges) && range->first <= character;
  return found ? WideCharacter::kLetterSeparatorOrNumber : WideCharacter::kOther;
}

bool Pattern::Matches(std::string_view utf8) const {
  if (utf8.empty()) return matches_empty && characters_min == 0;
  std::uint64_t reachable = first;
  std::uint64_t active = 0;
  std::size_t count = 0;
  while (!utf8.empty()) {
    const auto [character, bytes] = DecodeUtf8(utf8);
    utf8.remove_prefix(std::min(bytes, utf8.size()));
    std::uint64_t accepting = 0;
    if (character < 0x80) {
      accepting = ascii[character];
    } else {
      switch (ClassifyWideCharacter(character)) {
        case WideCharacter::kLetterSeparatorOrNumber: accepting = wide_letters; break;
        case WideCharacter::kLineEnd: accepting = wide_line_ends; break;
        case WideCharacter::kOther: accepting = wide_others; break;
      }
    }
    active = reachable & accepting;
    if (active == 0) return false;
    reachable = 0;
    for (std::uint64_t left = active; left != 0; left &= left - 1) reachable |= follow[std::countr_zero(left)];
    ++count;
  }
  return (active & last) != 0 && count >= characters_min && count <= characters_max;
}

std::size_t CountCodePoints(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace attune
