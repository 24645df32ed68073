#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace attune {

/// Values that are only appended and read once from the front. Grows by blocks instead of moving to twice the room, so
/// that it never takes much more memory than its values. One thread at a time.
template <class T>
class AppendOnlyArray {
 public:
  void push_back(T value) {
    if (blocks_.empty() || blocks_.back().size() == kBlockValues) AddBlock();
    blocks_.back().push_back(value);
    ++size_;
  }
  void Append(std::span<const T> values) {
    while (!values.empty()) {
      if (blocks_.empty() || blocks_.back().size() == kBlockValues) AddBlock();
      const std::size_t count = std::min(values.size(), kBlockValues - blocks_.back().size());
      blocks_.back().insert(blocks_.back().end(), values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
      values = values.subspan(count);
      size_ += count;
    }
  }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(T); }
  /// All values, in parts.
  const std::vector<std::vector<T>>& blocks() const { return blocks_; }

 private:
  static constexpr std::size_t kBlockValues = std::size_t{1} << 16;

  void AddBlock() {
    blocks_.emplace_back();
    if (blocks_.size() > 1) blocks_.back().reserve(kBlockValues);  // The first grows: most arrays are small.
  }

  std::vector<std::vector<T>> blocks_;
  std::size_t size_ = 0;
};

}  // namespace attune
