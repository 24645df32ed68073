#include "tensor/tile_products.h"

#include "base/check.h"
#include "tensor/cpu.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>

#define ATTUNE_TILES __attribute__((target("amx-tile,amx-bf16")))

namespace attune {
namespace {

constexpr std::size_t kSide = TileProducts::kSide;
constexpr std::size_t kTileRows = 16;
constexpr std::size_t kTileBytes = 64;  // Of a row: 16 floats, or 32 bf16 numbers.
constexpr std::size_t kTiles = 8;

float Widened(std::uint16_t number) { return std::bit_cast<float>(std::uint32_t{number} << 16); }

/// What the tiles compute, number by number.
template <bool kAdd>
void MultiplyTwin(TileProducts::Rows a, TileProducts::RowPairs b, std::size_t steps, float* c, std::size_t c_stride) {
  for (std::size_t row = 0; row < kSide; ++row) {
    for (std::size_t column = 0; column < kSide; ++column) {
      float sum = kAdd ? c[row * c_stride + column] : 0;
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
template <bool kAdd>
ATTUNE_TILES void MultiplyTiles(TileProducts::Rows a, TileProducts::RowPairs b, std::size_t steps, float* c,
                                std::size_t c_stride) {
  const std::size_t a_bytes = a.stride * sizeof(std::uint16_t);
  const std::size_t b_bytes = b.stride * sizeof(std::uint16_t);
  const std::size_t c_bytes = c_stride * sizeof(float);
  float* lower = c + kTileRows * c_stride;
  if constexpr (kAdd) {
    _tile_loadd(0, c, c_bytes);
    _tile_loadd(1, c + kTileRows, c_bytes);
    _tile_loadd(2, lower, c_bytes);
    _tile_loadd(3, lower + kTileRows, c_bytes);
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

}  // namespace

TileProducts::TileProducts() : emulated_(TileProductsAreEmulated()) {
  ATTUNE_CHECK(HasTileProducts());
  if (!emulated_) Configure();
}

TileProducts::~TileProducts() {
  if (!emulated_) Release();
}

void TileProducts::Assign(Rows a, RowPairs b, std::size_t steps, float* c, std::size_t c_stride) const {
  (emulated_ ? MultiplyTwin<false> : MultiplyTiles<false>)(a, b, steps, c, c_stride);
}

void TileProducts::Add(Rows a, RowPairs b, std::size_t steps, float* c, std::size_t c_stride) const {
  (emulated_ ? MultiplyTwin<true> : MultiplyTiles<true>)(a, b, steps, c, c_stride);
}

}  // namespace attune

#else

namespace attune {

TileProducts::TileProducts() : emulated_(false) { ATTUNE_CHECK(false); }
TileProducts::~TileProducts() = default;
void TileProducts::Assign(Rows, RowPairs, std::size_t, float*, std::size_t) const {}
void TileProducts::Add(Rows, RowPairs, std::size_t, float*, std::size_t) const {}

}  // namespace attune

#endif
