#include "base/random.h"

#include <sys/random.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/check.h"
#include "base/hash.h"

namespace attune {
namespace {

std::uint64_t SplitMix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(std::uint64_t seed) {
  for (auto& word : state_) word = SplitMix(seed);
}

std::uint64_t Random::Next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::Below(std::uint64_t bound) {
  ATTUNE_CHECK(bound > 0);
  const std::uint64_t threshold = (0 - bound) % bound;  // Values below it would be drawn once too often.
  std::uint64_t value = Next();
  while (value < threshold) value = Next();
  return value % bound;
}

double Random::Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

double Random::Normal() {
  const double radius = std::sqrt(2 * Exponential());
  return radius * std::cos(2 * std::numbers::pi * Uniform());
}

double Random::Exponential() { return -std::log(1.0 - Uniform()); }

std::uint64_t MixSeed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t state = a ^ std::rotl(b, 32) ^ 0x2545f4914f6cdd1d;
  SplitMix(state);
  state += b;
  return SplitMix(state);
}

std::uint64_t Entropy::NextU64() {
  std::uint64_t value = 0;
  Fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

std::string Entropy::Uuid() {
  std::array<std::byte, 16> bytes;
  Fill(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  std::string text = ToHex(bytes);
  for (const std::size_t position : {20, 16, 12, 8}) text.insert(position, 1, '-');
  return text;
}

std::string Entropy::Hex(std::size_t digits) {
  std::string bytes((digits + 1) / 2, '\0');
  Fill(std::as_writable_bytes(std::span(bytes.data(), bytes.size())));
  std::string text = ToHex(std::as_bytes(std::span(bytes.data(), bytes.size())));
  text.resize(digits);
  return text;
}

void SystemEntropy::Fill(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = getrandom(bytes.data(), bytes.size(), 0);
    ATTUNE_CHECK(count > 0);  // Only a signal could interrupt it, and not for requests up to 256 bytes.
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void FakeEntropy::Fill(std::span<std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random_.Next() >> 56);
}

}  // namespace attune
