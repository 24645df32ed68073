#include "tensor/tile_products.h"

#include "base/check.h"
#include "tensor/bf16_layout.h"
#include "tensor/cpu.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>
#include <cstring>

#define ATTUNE_TILES __attribute__((target("amx-tile,amx-bf16")))

namespace attune {
namespace {

constexpr std::size_t kSide = TileProducts::kSide;
constexpr std::size_t kTileRows = 16;
constexpr std::size_t kTileBytes = 64;  // Of a row: 16 floats, or 32 bf16 numbers.
constexpr std::size_t kTiles = 8;

float Widened(std::uint16_t number) { return std::bit_cast<float>(std::uint32_t{number} << 16); }

/// What the tiles compute, number by number.
void MultiplyTwin(TileProducts::Rows a, TileProducts::RowPairs b, std::size_t steps, TileProducts::Start start,
                  float* c, std::size_t c_stride) {
  for (std::size_t row = 0; row < kSide; ++row) {
    for (std::size_t column = 0; column < kSide; ++column) {
      float sum = start.rows != nullptr ? start.rows[row * start.stride + column] : 0;
      for (std::size_t k = 0; k < steps * kSide; ++k) {
        sum += Widened(a.data[row * a.stride + k]) * Widened(b.data[k / 2 * b.stride + 2 * column + k % 2]);
      }
      c[row * c_stride + column] = sum;
    }
  }
}

/// What LDTILECFG reads.
struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfiguration) == 64);

constexpr TileConfiguration WholeTiles() {
  TileConfiguration configuration;
  for (std::size_t tile = 0; tile < kTiles; ++tile) {
    configuration.row_bytes[tile] = kTileBytes;
    configuration.rows[tile] = kTileRows;
  }
  return configuration;
}

// Not on the stack: GCC 12 lets ldtilecfg read but the first eight bytes, and would leave the others unwritten.
constexpr TileConfiguration kConfiguration = WholeTiles();

ATTUNE_TILES void Configure() { _tile_loadconfig(&kConfiguration); }

ATTUNE_TILES void Release() { _tile_release(); }

/// Four sums in tiles 0 to 3; 4 and 5 hold rows of a, 6 and 7 columns of b.
ATTUNE_TILES void MultiplyTiles(TileProducts::Rows a, TileProducts::RowPairs b, std::size_t steps,
                                TileProducts::Start start, float* c, std::size_t c_stride) {
  const std::size_t a_bytes = a.stride * sizeof(std::uint16_t);
  const std::size_t b_bytes = b.stride * sizeof(std::uint16_t);
  const std::size_t c_bytes = c_stride * sizeof(float);
  float* lower = c + kTileRows * c_stride;
  if (start.rows != nullptr) {
    const std::size_t start_bytes = start.stride * sizeof(float);
    const float* start_lower = start.rows + kTileRows * start.stride;
    _tile_loadd(0, start.rows, start_bytes);
    _tile_loadd(1, start.rows + kTileRows, start_bytes);
    _tile_loadd(2, start_lower, start_bytes);
    _tile_loadd(3, start_lower + kTileRows, start_bytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (std::size_t step = 0; step < steps; ++step) {
    const std::uint16_t* rows = a.data + step * kSide;
    const std::uint16_t* pairs = b.data + step * kSide / 2 * b.stride;
    _tile_loadd(4, rows, a_bytes);
    _tile_loadd(6, pairs, b_bytes);
    _tile_loadd(5, rows + kTileRows * a.stride, a_bytes);
    _tile_loadd(7, pairs + kSide, b_bytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, c_bytes);
  _tile_stored(1, c + kTileRows, c_bytes);
  _tile_stored(2, lower, c_bytes);
  _tile_stored(3, lower + kTileRows, c_bytes);
}

/// Eight rows of two vectors at a time.
ATTUNE_BF16 void MultiplyVectors(TileProducts::Rows a, TileProducts::RowPairs b, std::size_t steps,
                                 TileProducts::Start start, float* c, std::size_t c_stride) {
  constexpr std::size_t kLanes = 16;
  constexpr std::size_t kSumRows = 8;
  static_assert(kSide == 2 * kLanes);
  for (std::size_t row = 0; row < kSide; row += kSumRows) {
    __m512 sums[kSumRows][2];
    for (std::size_t r = 0; r < kSumRows; ++r) {
      const float* from = start.rows + (row + r) * start.stride;
      sums[r][0] = start.rows != nullptr ? _mm512_loadu_ps(from) : _mm512_setzero_ps();
      sums[r][1] = start.rows != nullptr ? _mm512_loadu_ps(from + kLanes) : _mm512_setzero_ps();
    }
    for (std::size_t pair = 0; pair < steps * kSide / 2; ++pair) {
      const std::uint16_t* pairs = b.data + pair * b.stride;
      const auto left = reinterpret_cast<__m512bh>(_mm512_loadu_si512(pairs));
      const auto right = reinterpret_cast<__m512bh>(_mm512_loadu_si512(pairs + 2 * kLanes));
      for (std::size_t r = 0; r < kSumRows; ++r) {
        std::int32_t word;
        std::memcpy(&word, a.data + (row + r) * a.stride + 2 * pair, sizeof(word));
        const auto factor = reinterpret_cast<__m512bh>(_mm512_set1_epi32(word));
        sums[r][0] = _mm512_dpbf16_ps(sums[r][0], factor, left);
        sums[r][1] = _mm512_dpbf16_ps(sums[r][1], factor, right);
      }
    }
    for (std::size_t r = 0; r < kSumRows; ++r) {
      float* out = c + (row + r) * c_stride;
      _mm512_storeu_ps(out, sums[r][0]);
      _mm512_storeu_ps(out + kLanes, sums[r][1]);
    }
  }
}

}  // namespace

TileProducts::TileProducts()
    : by_(TileProductsAreEmulated() ? By::kTwin
          : HasTileProducts()       ? By::kTiles
                                    : By::kVectors) {
  ATTUNE_CHECK(HasBf16Products());
  if (by_ == By::kTiles) Configure();
}

TileProducts::~TileProducts() {
  if (by_ == By::kTiles) Release();
}

void TileProducts::Multiply(Rows a, RowPairs b, std::size_t steps, Start start, float* c, std::size_t c_stride) const {
  if (by_ == By::kTiles) return MultiplyTiles(a, b, steps, start, c, c_stride);
  if (by_ == By::kVectors) return MultiplyVectors(a, b, steps, start, c, c_stride);
  MultiplyTwin(a, b, steps, start, c, c_stride);
}

}  // namespace attune

#else

namespace attune {

TileProducts::TileProducts() : by_(By::kTwin) { ATTUNE_CHECK(false); }
TileProducts::~TileProducts() = default;
void TileProducts::Multiply(Rows, RowPairs, std::size_t, Start, float*, std::size_t) const {}

}  // namespace attune

#endif
