#pragma once

#include <string>
#include <string_view>

namespace attune {

/// Lower case of ASCII letters, as keywords, datasets, columns and event types compare.
inline std::string FoldCase(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

}  // namespace attune
