#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace attune {

/// Leaves what a vector grows by unset, where std::allocator would set it to 0.
template <class T>
struct UnsetAllocator : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = UnsetAllocator<U>;
  };
  template <class U>
  void construct(U* place) noexcept {
    ::new (static_cast<void*>(place)) U;
  }
  template <class U, class... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
  }
};

/// Numbers that are written before they are read: resizing costs nothing. assign sets them as ever.
using UnsetFloats = std::vector<float, UnsetAllocator<float>>;
using UnsetBf16 = std::vector<std::uint16_t, UnsetAllocator<std::uint16_t>>;

}  // namespace attune
