#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace attune {

/// Memory that begins at a cache line: a tile whose rows cross from one line to the next takes six times as long to
/// load (bench/training). What a vector grows by is left unset, where std::allocator would set it to 0.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  AlignedAllocator() = default;
  template <class U>
  explicit(false) AlignedAllocator(const AlignedAllocator<U>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), kAlignment)); }
  void deallocate(T* numbers, std::size_t) { ::operator delete(numbers, kAlignment); }
  template <class U>
  void construct(U* place) noexcept {
    ::new (static_cast<void*>(place)) U;
  }
  template <class U, class... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
  }
  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

/// Numbers for kernels, at cache lines, that are written before they are read: resizing costs nothing. assign sets them
/// as ever.
using AlignedFloats = std::vector<float, AlignedAllocator<float>>;
using AlignedBf16 = std::vector<std::uint16_t, AlignedAllocator<std::uint16_t>>;

}  // namespace attune
