#include "services/s3/crc_combination.h"

namespace attune {
namespace {

/// The product of two polynomials over GF(2) modulo the form's; the highest bit is the coefficient of x^0.
std::uint64_t Multiply(const CrcForm& form, std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  for (std::uint64_t bit = std::uint64_t{1} << (form.bits - 1); bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b >> 1) ^ ((b & 1) != 0 ? form.reflected_polynomial : 0);
  }
  return product;
}

}  // namespace

std::uint64_t CombineCrcs(const CrcForm& form, std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t size_b) {
  // x^8: eight below the coefficient of x^0. Squared again and again, it moves by 1, 2, 4, … bytes.
  std::uint64_t shift = std::uint64_t{1} << (form.bits - 1 - 8);
  for (; size_b != 0; size_b >>= 1) {
    if ((size_b & 1) != 0) crc_a = Multiply(form, shift, crc_a);
    shift = Multiply(form, shift, shift);
  }
  return crc_a ^ crc_b;
}

}  // namespace attune
