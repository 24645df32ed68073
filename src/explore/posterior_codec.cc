#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "base/bytes.h"
#include "base/hash.h"
#include "explore/posterior.h"

// Posterior::Serialize and Restore. docs/formats/posterior.md names every field.

namespace attune {
namespace {

constexpr std::uint32_t kMagic = 0x50545441;  // "ATTP"
constexpr std::uint32_t kFormatVersion = 2;
constexpr std::uint32_t kEnd = 0xffffffff;  // In the place of an index: no more follow.

}  // namespace

std::string Posterior::Serialize() const {
  const MutexLock lock(mutex_);
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Number(kMagic);
  writer.Number(kFormatVersion);
  writer.Number(static_cast<std::uint32_t>(options_.factor_count));
  for (const double value : {options_.item_deviation, options_.factor_deviation, options_.attribute_deviation}) {
    writer.Number(value);
  }
  writer.Number(static_cast<std::uint8_t>(options_.scores_are_click_logits));
  for (const double value : calibration_.state()) writer.Number(value);
  writer.Number(static_cast<std::uint32_t>(examination_estimator_.state().size()));
  for (const double value : examination_estimator_.state()) writer.Number(value);
  writer.Number(static_cast<std::uint32_t>(estimated_from_.size()));
  for (const double value : estimated_from_) writer.Number(value);
  writer.Number(impressions_since_estimate_);
  for (std::size_t i = 0; i < kEffectsMax; ++i) writer.Number(effects_[i].load(std::memory_order_relaxed));

  const std::size_t chunk_count = (options_.items_max + kChunkItems - 1) / kChunkItems;
  for (std::size_t c = 0; c < chunk_count; ++c) {
    const Chunk* chunk = chunks_[c].load(std::memory_order_relaxed);
    for (std::size_t i = 0; chunk != nullptr && i < kChunkItems; ++i) {
      SerializeItem(static_cast<std::uint32_t>(c * kChunkItems + i), chunk->items[i], writer);
    }
  }
  writer.Number(kEnd);
  writer.Number(Crc32c(AsBytes(bytes)));
  return bytes;
}

void Posterior::SerializeItem(std::uint32_t index, const Item& item, ByteWriter& writer) const {
  if (item.version.load(std::memory_order_relaxed) == 0) return;  // Never touched.
  writer.Number(index);
  writer.Number(item.prior_variance.load(std::memory_order_relaxed));
  writer.Number(item.unmet_deviation.load(std::memory_order_relaxed));
  const std::uint8_t attribute_count = item.attribute_count.load(std::memory_order_relaxed);
  writer.Number(attribute_count);
  for (std::size_t i = 0; i < attribute_count; ++i) writer.Number(item.attributes[i].load(std::memory_order_relaxed));
  const std::uint8_t shown = item.shown.load(std::memory_order_relaxed);
  writer.Number(shown);
  if (shown == 0) return;
  writer.Number(item.clicked.load(std::memory_order_relaxed));
  writer.Number(item.ignored.load(std::memory_order_relaxed));
  const std::atomic<float>* numbers = item.numbers.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < number_count(); ++i) writer.Number(numbers[i].load(std::memory_order_relaxed));
}

Result<std::unique_ptr<Posterior>> Posterior::Parse(const Options& options, std::string_view bytes) {
  constexpr std::string_view kWhat = "the state of exploration";
  std::uint32_t checksum = 0;
  if (bytes.size() < sizeof(checksum)) return Corrupt(fmt::format("{} ends too early", kWhat));
  std::memcpy(&checksum, bytes.data() + bytes.size() - sizeof(checksum), sizeof(checksum));
  bytes.remove_suffix(sizeof(checksum));
  if (Crc32c(AsBytes(bytes)) != checksum) return Corrupt(fmt::format("{} has another checksum than it says", kWhat));

  ByteReader reader(bytes);
  if (reader.Number<std::uint32_t>() != kMagic) return Corrupt(fmt::format("these bytes are not {}", kWhat));
  if (const auto version = reader.Number<std::uint32_t>(); version != kFormatVersion) {
    return Corrupt(fmt::format("{} has version {}; this program reads {}", kWhat, version, kFormatVersion));
  }
  bool same = reader.Number<std::uint32_t>() == options.factor_count;
  for (const double value : {options.item_deviation, options.factor_deviation, options.attribute_deviation}) {
    same = reader.Number<double>() == value && same;
  }
  same = (reader.Number<std::uint8_t>() != 0) == options.scores_are_click_logits && same;
  if (!same) return InvalidArgument(fmt::format("{} was made with other options", kWhat));

  auto posterior = std::make_unique<Posterior>(options);
  ATTUNE_RETURN_IF_ERROR(posterior->ReadState(reader));
  ATTUNE_RETURN_IF_ERROR(reader.Finish(kWhat));
  return posterior;
}

Status Posterior::ReadState(ByteReader& reader) {
  const MutexLock lock(mutex_);
  std::array<double, ClickCalibration::kStateSize> calibration;
  for (double& value : calibration) value = reader.Number<double>();
  calibration_.Restore(calibration);
  std::array<std::vector<double>, 2> sums;  // Those of now, and those that the curve in use was estimated from.
  for (auto& list : sums) {
    const auto count = reader.Number<std::uint32_t>();
    if (count > 2 * ExaminationEstimator::kRanksMax) return Corrupt("the state of exploration has too many ranks");
    for (std::uint32_t i = 0; i < count; ++i) list.push_back(reader.Number<double>());
  }
  estimated_from_ = sums[1];
  examination_estimator_.Restore(sums[1]);
  examination_ = examination_estimator_.Estimate();
  examination_estimator_.Restore(sums[0]);
  impressions_since_estimate_ = reader.Number<std::uint32_t>();
  for (std::size_t i = 0; i < kEffectsMax; ++i) effects_[i].store(reader.Number<std::uint64_t>());
  for (std::size_t i = 0; i < kEffectsMax; ++i) RaiseEffectReach(effects_[i].load());

  while (reader.ok()) {
    const auto index = reader.Number<std::uint32_t>();
    if (index == kEnd) return {};
    ATTUNE_RETURN_IF_ERROR(ReadItem(index, reader));
  }
  return Corrupt("the state of exploration ends too early");
}

Status Posterior::ReadItem(std::uint32_t index, ByteReader& reader) {
  Item* item = FindOrMake(index);
  if (item == nullptr) {
    return LimitExceeded(fmt::format("item {} of exploration; the limit is {}", index, options_.items_max));
  }
  item->prior_variance.store(reader.Number<float>());
  item->unmet_deviation.store(reader.Number<float>());
  const auto attribute_count = reader.Number<std::uint8_t>();
  if (attribute_count > kAttributesPerItemMax + 1) return Corrupt("an item of exploration has too many attributes");
  item->attribute_count.store(attribute_count);
  for (std::size_t i = 0; i < attribute_count; ++i) {
    item->attributes[i].store(static_cast<std::uint16_t>(reader.Number<std::uint16_t>() % kEffectsMax));
  }
  item->version.store(2);
  StateReach(index);
  if (reader.Number<std::uint8_t>() == 0) return {};
  item->clicked.store(reader.Number<std::uint32_t>());
  item->ignored.store(reader.Number<float>());
  std::atomic<float>* numbers = MakeNumbers(index, *item);
  for (std::size_t i = 0; i < number_count(); ++i) numbers[i].store(reader.Number<float>());
  item->shown.store(1);
  StateReach(index);
  return {};
}

}  // namespace attune
