#include "model/content_model.h"

#include "base/check.h"
#include "base/random.h"
#include "model/snapshot_text.h"
#include "tensor/matmul.h"

namespace attune {
namespace {

constexpr std::size_t kD = kLatentDimensions;
constexpr std::size_t kTargets = kD + 1;
constexpr std::array<std::string_view, 1> kNames = {"latent"};
// Interactions that count as much as attributes for where an item stands.
constexpr float kPlacePrior = 3;
constexpr double kCountPrior = 5;
// Interactions with an item that tell as much of it as its attributes do. Where items of a generated world were trained
// under a wrong genre, another training under the right one moved their scores about so far.
constexpr double kChangePrior = 10;
// Share of the items held out to choose the ridge.
constexpr std::uint64_t kHeldOutOneIn = 8;
constexpr std::array<double, 6> kRidges = {0.3, 1, 3, 10, 30, 100};
constexpr std::size_t kRowsPerTask = 256;

struct ClosenessScratch final : MemberScratch {
  explicit ClosenessScratch(std::size_t item_count) : closeness(item_count) {}
  std::vector<float> closeness;
  LatentPlace place{};  ///< Of the last query.
};

struct Regression {
  std::vector<float> weights;  // [P, kTargets]
  std::vector<float> intercept;
};

struct Sample {
  SparseVector attributes;
  double weight;
  std::array<float, kTargets> targets;
};

Regression FitRidge(std::span<const Sample* const> samples, std::size_t feature_count, double ridge,
                    const Workers& workers) {
  Regression out{.weights = std::vector<float>(feature_count * kTargets), .intercept = std::vector<float>(kTargets)};
  double total = 0;
  std::array<double, kTargets> means{};
  for (const Sample* sample : samples) {
    total += sample->weight;
    for (std::size_t t = 0; t < kTargets; ++t) means[t] += sample->weight * sample->targets[t];
  }
  for (std::size_t t = 0; t < kTargets && total > 0; ++t) out.intercept[t] = static_cast<float>(means[t] / total);
  if (feature_count == 0) return out;
  std::vector<float> gram(feature_count * feature_count);
  std::vector<double> right(feature_count * kTargets);
  for (const Sample* sample : samples) {
    for (const auto& [f, x] : sample->attributes) {
      for (const auto& [g, y] : sample->attributes)
        gram[f * feature_count + g] += static_cast<float>(sample->weight) * x * y;
      for (std::size_t t = 0; t < kTargets; ++t) {
        right[f * kTargets + t] += sample->weight * x * (sample->targets[t] - out.intercept[t]);
      }
    }
  }
  for (std::size_t f = 0; f < feature_count; ++f) gram[f * feature_count + f] += static_cast<float>(ridge);
  // A Gram matrix plus a positive diagonal is positive definite.
  ATTUNE_CHECK(InvertPositiveDefinite(gram, feature_count, workers).ok() || workers.cancelled());
  workers.ParallelFor((feature_count + kRowsPerTask - 1) / kRowsPerTask, [&](std::size_t task) {
    const std::size_t end = std::min(feature_count, (task + 1) * kRowsPerTask);
    for (std::size_t f = task * kRowsPerTask; f < end; ++f) {
      std::array<double, kTargets> sums{};
      for (std::size_t g = 0; g < feature_count; ++g) {
        const double factor = gram[f * feature_count + g];
        for (std::size_t t = 0; t < kTargets; ++t) sums[t] += factor * right[g * kTargets + t];
      }
      for (std::size_t t = 0; t < kTargets; ++t) out.weights[f * kTargets + t] = static_cast<float>(sums[t]);
    }
  });
  return out;
}

std::array<float, kTargets> Predict(const SparseVector& attributes, std::span<const float> weights,
                                    std::span<const float> intercept) {
  std::array<float, kTargets> out;
  std::copy(intercept.begin(), intercept.end(), out.begin());
  for (const auto& [f, x] : attributes) {
    for (std::size_t t = 0; t < kTargets; ++t) out[t] += x * weights[f * kTargets + t];
  }
  return out;
}

/// Weighted mean squares of what a regression misses: of places relative to their size, and of popularity.
struct Miss {
  double places = 0;
  double popularity = 0;
};
Miss MeasureMiss(const Regression& regression, std::span<const Sample* const> samples) {
  Miss miss;
  double size = 1e-12;
  double total = 1e-12;
  for (const Sample* sample : samples) {
    const auto predicted = Predict(sample->attributes, regression.weights, regression.intercept);
    for (std::size_t t = 0; t < kD; ++t) {
      const double difference = predicted[t] - sample->targets[t];
      miss.places += sample->weight * difference * difference;
      size += sample->weight * sample->targets[t] * sample->targets[t];
    }
    const double difference = predicted[kD] - sample->targets[kD];
    miss.popularity += sample->weight * difference * difference;
    total += sample->weight;
  }
  return {.places = miss.places / size, .popularity = miss.popularity / total};
}

float Dot(const LatentPlace& a, const float* b) {
  float sum = 0;
  for (std::size_t d = 0; d < kD; ++d) sum += a[d] * b[d];
  return sum;
}

void Normalise(SparseVector& vector) {
  double square = 0;
  for (const auto& [feature, value] : vector) square += double{value} * double{value};
  for (auto& [feature, value] : vector) value = static_cast<float>(value / std::sqrt(square));
}

}  // namespace

ContentModel ContentModel::Fit(const TrainingView& view, std::span<const float> factors,
                               std::span<const std::uint8_t> held_out, const Workers& workers) {
  const Attributes& attributes = view.data->item_attributes;
  ContentModel model(AttributeEncoder::Fit(attributes, view.item_count()));
  const auto counts = ItemCounts(view);
  // Places are told in units of their typical length, so that closeness is of size one.
  double square = 0;
  for (const float value : factors) square += double{value} * double{value};
  const auto taken = static_cast<double>(std::count_if(counts.begin(), counts.end(), [](auto n) { return n > 0; }));
  const double unit = square > 0 ? std::sqrt(taken / square) : 1;
  std::vector<Sample> samples;
  std::vector<const Sample*> all;
  std::vector<const Sample*> kept;
  std::vector<const Sample*> tested;
  samples.reserve(view.item_count());
  for (std::uint32_t item = 0; item < view.item_count(); ++item) {
    if (counts[item] == 0 || (!held_out.empty() && held_out[item] != 0)) continue;
    Sample sample{.attributes = model.encoder_.EncodeRow(attributes, item),
                  .weight = counts[item] / (counts[item] + kCountPrior),
                  .targets = {}};
    Normalise(sample.attributes);
    for (std::size_t d = 0; d < kD; ++d) sample.targets[d] = static_cast<float>(factors[item * kD + d] * unit);
    sample.targets[kD] = std::log(static_cast<float>(counts[item]));
    samples.push_back(std::move(sample));
    const Sample* added = &samples.back();
    all.push_back(added);
    (MixSeed(item, 17) % kHeldOutOneIn == 0 ? tested : kept).push_back(added);
  }
  const std::size_t feature_count = model.encoder_.feature_count();
  double least = HUGE_VAL;
  for (const double ridge : kRidges) {
    const Miss miss = MeasureMiss(FitRidge(kept, feature_count, ridge, workers), tested);
    // Both in units of what a constant would miss, roughly.
    const double sum = miss.places + 0.1 * miss.popularity;
    if (sum >= least) continue;
    least = sum;
    model.ridge_ = ridge;
    model.standard_deviation_ = std::clamp(std::sqrt(miss.popularity), 0.1, 3.0);
  }
  Regression regression = FitRidge(all, feature_count, model.ridge_, workers);
  model.weights_ = std::move(regression.weights);
  model.intercept_ = std::move(regression.intercept);
  return model;
}

ItemContent ContentModel::Describe(SparseVector attributes) const {
  Normalise(attributes);
  const auto predicted = Predict(attributes, weights_, intercept_);
  ItemContent content{.attributes = std::move(attributes), .place = {}, .log_popularity = predicted[kD]};
  std::copy_n(predicted.begin(), kD, content.place.begin());
  return content;
}

ItemContent ContentModel::Describe(const AttributeValues& values) const { return Describe(encoder_.Encode(values)); }

ItemContent ContentModel::Describe(const Attributes& attributes, std::size_t row) const {
  return Describe(encoder_.EncodeRow(attributes, row));
}

ContentModel::ColdFeatures ContentModel::Features(const ContentProfile& profile, const ItemContent& item) const {
  const auto cosine = [&](const ContentSum& sum) {
    float dot = 0;
    for (const auto& [feature, value] : item.attributes) dot += sum.attributes[feature] * value;
    return dot;
  };
  const float recent = Dot(profile.recent.place, item.place.data());
  return {1,
          recent,
          recent * profile.length_factor,
          item.log_popularity - intercept_[kD],
          cosine(profile.recent),
          Dot(profile.steady.place, item.place.data()),
          cosine(profile.steady)};
}

ItemContent ContentModel::Redescribe(const ItemContent& known, const AttributeValues& values,
                                     std::uint32_t interactions) const {
  const LatentPlace before = Describe(known.attributes).place;
  ItemContent content = Describe(values);
  const float share = kPlacePrior / (kPlacePrior + static_cast<float>(interactions));
  for (std::size_t d = 0; d < kD; ++d) content.place[d] = known.place[d] + share * (content.place[d] - before[d]);
  return content;
}

ItemContent ContentModel::Change(const SparseVector& from, const SparseVector& to, std::uint32_t interactions) const {
  const ItemContent before = Describe(from);
  const ItemContent after = Describe(to);
  const auto share = static_cast<float>(kChangePrior / (kChangePrior + interactions));
  ItemContent change{.attributes = after.attributes,
                     .place = {},
                     .log_popularity = share * (after.log_popularity - before.log_popularity)};
  for (const auto& [feature, value] : before.attributes) change.attributes.emplace_back(feature, -value);
  for (auto& [feature, value] : change.attributes) value *= share;
  for (std::size_t d = 0; d < kD; ++d) change.place[d] = share * (after.place[d] - before.place[d]);
  return change;
}

float ContentModel::LogChange(const ColdTaste& taste, const ItemContent& change) const {
  return static_cast<float>(LogPrior(taste, change) - taste.constant);
}

ColdTaste ContentModel::Taste(const ContentProfile& profile) const {
  const auto& weights = cold_weights_;
  ColdTaste taste{.constant = weights[0] - weights[3] * double{intercept_[kD]},
                  .place = {},
                  .attributes = std::vector<float>(attribute_count())};
  const double recent = weights[1] + weights[2] * double{profile.length_factor};
  for (std::size_t d = 0; d < kD; ++d) {
    taste.place[d] = static_cast<float>(recent * profile.recent.place[d] + weights[5] * profile.steady.place[d]);
  }
  for (std::size_t f = 0; f < taste.attributes.size(); ++f) {
    taste.attributes[f] =
        static_cast<float>(weights[4] * profile.recent.attributes[f] + weights[6] * profile.steady.attributes[f]);
  }
  return taste;
}

double ContentModel::LogPrior(const ColdTaste& taste, const ItemContent& item) const {
  float sum = Dot(taste.place, item.place.data());
  for (const auto& [feature, value] : item.attributes) sum += taste.attributes[feature] * value;
  return taste.constant + cold_weights_[3] * double{item.log_popularity} + double{sum};
}

float ContentModel::LogProbability(double log_prior, std::uint32_t interactions, std::uint64_t events_since) const {
  if (interactions == 0) return static_cast<float>(log_prior);  // What follows would take away, and may not.
  // However little attributes told of held-out items, a click or two in a quiet hour tells less.
  const double strength = std::max(1 / (standard_deviation_ * standard_deviation_), kPriorInteractionsMin);
  const double expected = std::exp(std::min(log_prior, 0.0)) * static_cast<double>(events_since);
  const double evidence = std::log((strength + interactions) / (strength + expected));
  return static_cast<float>(log_prior + std::max(0.0, evidence));
}

Status ContentModel::Save(SnapshotFileWriter& file) const {
  ATTUNE_RETURN_IF_ERROR(encoder_.Save(file));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<float>("weights", weights_));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<float>("intercept", intercept_));
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<double>("cold_weights", cold_weights_));
  const std::array<double, 2> numbers = {standard_deviation_, ridge_};
  return file.WriteArray<double>("numbers", numbers);
}

Result<ContentModel> ContentModel::Load(const SnapshotFile& file) {
  ATTUNE_TRY(auto encoder, AttributeEncoder::Load(file));
  ContentModel model(std::move(encoder));
  std::vector<double> cold_weights;
  std::vector<double> numbers;
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "weights", model.weights_));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "intercept", model.intercept_));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "cold_weights", cold_weights));
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "numbers", numbers));
  if (model.weights_.size() != model.encoder_.feature_count() * kTargets || model.intercept_.size() != kTargets ||
      cold_weights.size() != kColdFeatures || numbers.size() != 2) {
    return Corrupt("a content model whose weights do not fit its features");
  }
  std::copy(cold_weights.begin(), cold_weights.end(), model.cold_weights_.begin());
  model.standard_deviation_ = numbers[0];
  model.ridge_ = numbers[1];
  return model;
}

void AddTo(ContentSum& sum, const ItemContent& content, float loudness) {
  for (std::size_t d = 0; d < kD; ++d) sum.place[d] += loudness * content.place[d];
  for (const auto& [feature, value] : content.attributes) sum.attributes[feature] += loudness * value;
}

void Normalise(ContentSum& sum) {
  const auto normalise = [](std::span<float> values) {
    double square = 0;
    for (const float value : values) square += double{value} * double{value};
    const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
    for (float& value : values) value = static_cast<float>(value * scale);
  };
  normalise(sum.place);
  normalise(sum.attributes);
}

ItemContents DescribeItems(const ContentModel& model, const TrainingView& view, std::span<const float> factors,
                           const Workers& workers) {
  const auto counts = ItemCounts(view);
  double square = 0;
  for (const float value : factors) square += double{value} * double{value};
  const auto taken = static_cast<double>(std::count_if(counts.begin(), counts.end(), [](auto n) { return n > 0; }));
  const auto unit = static_cast<float>(square > 0 ? std::sqrt(taken / square) : 1);
  ItemContents contents(view.item_count());
  workers.ParallelFor((contents.size() + kRowsPerTask - 1) / kRowsPerTask, [&](std::size_t task) {
    const std::size_t end = std::min(contents.size(), (task + 1) * kRowsPerTask);
    for (std::size_t item = task * kRowsPerTask; item < end; ++item) {
      contents[item] = model.Describe(view.data->item_attributes, item);
      const auto count = static_cast<float>(counts[item]);
      const float share = count / (count + kPlacePrior);
      for (std::size_t d = 0; d < kD; ++d) {
        contents[item].place[d] += share * (factors[item * kD + d] * unit - contents[item].place[d]);
      }
    }
  });
  return contents;
}

std::unique_ptr<LatentMember> LatentMember::Fit(std::span<const ItemContent> contents) {
  std::vector<float> places;
  for (const ItemContent& content : contents) places.insert(places.end(), content.place.begin(), content.place.end());
  return std::unique_ptr<LatentMember>(new LatentMember(std::move(places)));
}

std::span<const std::string_view> LatentMember::feature_names() const { return kNames; }

std::unique_ptr<MemberScratch> LatentMember::MakeScratch() const {
  return std::make_unique<ClosenessScratch>(item_count());
}

void LatentMember::Score(const Query& query, MemberScratch& scratch, std::span<Feature> features) const {
  const std::size_t item_count = places_.size() / kD;
  auto& [closeness, place] = static_cast<ClosenessScratch&>(scratch);
  place = {};
  float loudness = 1;
  const std::size_t read = std::min(query.items.size(), kRecentEvents);
  for (std::size_t age = 1; age <= read; ++age, loudness *= kProfileDecay) {
    const std::uint32_t item = query.items[query.items.size() - age];
    if (item >= item_count) continue;
    for (std::size_t d = 0; d < kD; ++d) place[d] += loudness * places_[item * kD + d];
  }
  const float length = std::sqrt(Dot(place, place.data()));
  for (float& value : place) value = length > 0 ? value / length : 0;
  scan_.Multiply(place, closeness);
  features[0] = {.dense = closeness};
}

void LatentMember::Refine(std::span<const std::uint32_t> items, MemberScratch& scratch) const {
  auto& [closeness, place] = static_cast<ClosenessScratch&>(scratch);
  MultiplyRowsAt(places_, place, items, closeness);
}

Status LatentMember::Save(SnapshotFileWriter& file) const { return file.WriteArray<float>("places", places_); }

Result<std::unique_ptr<Member>> LatentMember::Load(const SnapshotFile& file) {
  std::vector<float> places;
  ATTUNE_RETURN_IF_ERROR(ReadNumbers(file, "places", places));
  if (places.size() % kD != 0) return Corrupt("latent places of the wrong length");
  return std::unique_ptr<Member>(new LatentMember(std::move(places)));
}

}  // namespace attune
