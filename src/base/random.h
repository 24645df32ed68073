#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>

namespace attune {

/// A seeded generator: the same seed gives the same numbers on every machine. xoshiro256** seeded by splitmix64
/// (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021). One thread at a time.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t Next();
  /// Uniform in [0, bound), without modulo bias. Requires bound > 0.
  std::uint64_t Below(std::uint64_t bound);
  /// Uniform in [0, 1), 53 bits.
  double Uniform();
  /// Standard normal.
  double Normal();
  /// Uniform in (0, 1], then -log of it: the waiting time of a unit-rate process.
  double Exponential();

  // So that the standard library's distributions and shuffles accept it.
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  result_type operator()() { return Next(); }

 private:
  std::array<std::uint64_t, 4> state_;
};

/// One number from two, well mixed: for seeds that depend on a name or a counter, and for counter-based draws.
std::uint64_t MixSeed(std::uint64_t a, std::uint64_t b);

/// The door to chance that nobody can predict: keys, identifiers. Thread-safe.
class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void Fill(std::span<std::byte> bytes) = 0;

  std::uint64_t NextU64();
  /// A version 4 UUID, "820029aa-0f6c-4a4b-9d3e-0123456789ab".
  std::string Uuid();
  /// `digits` lower-case hexadecimal digits.
  std::string Hex(std::size_t digits);
};

/// getrandom(2).
class SystemEntropy final : public Entropy {
 public:
  void Fill(std::span<std::byte> bytes) override;
};

/// Predictable, for tests.
class FakeEntropy final : public Entropy {
 public:
  explicit FakeEntropy(std::uint64_t seed = 1) : random_(seed) {}
  void Fill(std::span<std::byte> bytes) override;

 private:
  std::mutex mutex_;
  Random random_;
};

}  // namespace attune
