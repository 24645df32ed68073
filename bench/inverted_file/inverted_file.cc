// What would an inverted file save where a catalogue is large, and what would it cost? See README.md.
//   attune_inverted_file MODEL-DIR [copies = 10] [queries = 100]
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "clusters.h"
#include "model/model_parts.h"
#include "model/sequence_transformer.h"
#include "serve/top_k.h"
#include "storage/posix_env.h"
#include "tensor/activations.h"
#include "tensor/row_scan.h"

namespace attune {
namespace {

constexpr std::size_t kListSize = 25;
constexpr std::size_t kCandidates = 300;
constexpr double kRecallWanted = 0.95;
constexpr std::size_t kSampled = 16'384;
constexpr std::size_t kHistory = 10;
constexpr float kHistoryDecay = 0.8F;
constexpr float kCopyNoise = 0.5F;  // Beside the length of what is copied.
constexpr double kSpread = 2;       // Standard deviation of a user's scores over the catalogue.
constexpr std::size_t kLatent = kLatentDimensions;

/// Items as one inner product says what the dense features say together: [embedding | latent place | popularity].
struct World {
  std::size_t embedding_width = 0;
  std::size_t width = 0;
  std::size_t count = 0;
  std::vector<float> rows;     // [N, width]
  std::vector<float> queries;  // [Q, width]
};

std::int64_t ThreadNanoseconds() {
  timespec now{};
  ATTUNE_CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Adds what was taken since the last call.
class Stopwatch {
 public:
  void Lap(std::vector<double>& micros) {
    const std::int64_t now = ThreadNanoseconds();
    micros.push_back(static_cast<double>(now - last_) * 1e-3);
    last_ = now;
  }

 private:
  std::int64_t last_ = ThreadNanoseconds();
};

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

float Dot(const float* a, const float* b, std::size_t width) {
  float sum = 0;
  for (std::size_t i = 0; i < width; ++i) sum += a[i] * b[i];
  return sum;
}

void ScaleTo(std::span<float> values, float length) {
  const float now = std::sqrt(Dot(values.data(), values.data(), values.size()));
  for (float& value : values) value *= now > 0 ? length / now : 0;
}

/// `copies` of every item of the model, the first as it is, each other with noise. Queries are what a history points
/// at: the embeddings and places of its newest items.
World MakeWorld(const ModelParts& parts, const SequenceTransformer& sequence, std::size_t copies,
                std::size_t query_count) {
  World world{.embedding_width = sequence.shape().block.width,
              .width = sequence.shape().block.width + kLatent + 1,
              .count = parts.trained_item_count * copies,
              .rows = {},
              .queries = {}};
  const std::size_t width = world.width;
  Random random(1);
  std::vector<float> row(width);
  world.rows.reserve(world.count * width);
  for (std::size_t copy = 0; copy < copies; ++copy) {
    for (std::size_t item = 0; item < parts.trained_item_count; ++item) {
      const ItemContent& content = parts.catalogue.contents[item];
      std::copy_n(sequence.parameters().data() + item * world.embedding_width, world.embedding_width, row.begin());
      std::ranges::copy(content.place, row.begin() + static_cast<std::ptrdiff_t>(world.embedding_width));
      ScaleTo(std::span(row).subspan(world.embedding_width, kLatent), 1);
      for (std::size_t d = 0; d + 1 < width && copy > 0; ++d) {
        row[d] += kCopyNoise * static_cast<float>(random.Normal() / std::sqrt(static_cast<double>(width)));
      }
      row[width - 1] = content.log_popularity;
      world.rows.insert(world.rows.end(), row.begin(), row.end());
    }
  }
  while (world.queries.size() < query_count * width) {
    const std::uint64_t user = random.Below(parts.histories.users.size());
    const std::uint64_t begin = parts.histories.offsets[user];
    const std::uint64_t end = parts.histories.offsets[user + 1];
    if (begin == end) continue;
    std::ranges::fill(row, 0);
    float loudness = 1;
    for (std::uint64_t i = end; i-- > begin && end - i <= kHistory; loudness *= kHistoryDecay) {
      const float* taken = world.rows.data() + parts.histories.items[i] * width;
      for (std::size_t d = 0; d + 1 < width; ++d) row[d] += loudness * taken[d];
    }
    ScaleTo(std::span(row).first(world.embedding_width), 1);
    ScaleTo(std::span(row).subspan(world.embedding_width, kLatent), 1);
    row[width - 1] = 0.3F;
    world.queries.insert(world.queries.end(), row.begin(), row.end());
  }
  return world;
}

/// Exact scores of one query in floats, spread as in life; the query is scaled alike.
void ScoreExactly(const World& world, std::span<float> query, std::vector<float>& scores) {
  scores.resize(world.count);
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < world.count; ++i) {
    scores[i] = Dot(query.data(), world.rows.data() + i * world.width, world.width);
    sum += double{scores[i]};
    squares += double{scores[i]} * double{scores[i]};
  }
  const double mean = sum / static_cast<double>(world.count);
  const auto scale = static_cast<float>(kSpread / std::sqrt(squares / static_cast<double>(world.count) - mean * mean));
  for (float& value : query) value *= scale;
  for (float& score : scores) score *= scale;
}

std::vector<float> Columns(const World& world, std::size_t begin, std::size_t count) {
  std::vector<float> out;
  out.reserve(world.count * count);
  for (std::size_t i = 0; i < world.count; ++i) {
    const float* row = world.rows.data() + i * world.width + begin;
    out.insert(out.end(), row, row + count);
  }
  return out;
}

/// How many of the exact best are among `found`.
double Recall(std::span<const std::uint32_t> exact, std::span<const std::uint32_t> found) {
  std::size_t met = 0;
  for (const std::uint32_t item : exact) met += std::ranges::find(found, item) != found.end() ? 1 : 0;
  return static_cast<double>(met) / static_cast<double>(exact.size());
}

/// What ScoreAll does with its dense features and what a list does with the scores, pass by pass.
double MeasureExact(const World& world, const std::vector<std::vector<std::uint32_t>>& best) {
  const RowScan sequence(Columns(world, 0, world.embedding_width), world.embedding_width);
  const RowScan latent(Columns(world, world.embedding_width, kLatent), kLatent);
  const std::vector<float> popularity = Columns(world, world.width - 1, 1);
  Blend blend{.feature_names = {"popularity", "recent", "latent", "sequence"},
              .weights = {0, 0, 1, 1, 0, 0, 0},
              .by_length = std::vector<float>(7),
              .empty_weights = std::vector<float>(4)};
  std::vector<float> logits(world.count);
  std::vector<float> closeness(world.count);
  std::vector<float> scores(world.count);
  const std::uint32_t newest = 0;
  std::array<std::vector<double>, 6> laps;
  double recall = 0;
  for (std::size_t q = 0; q < best.size(); ++q) {
    const auto query = std::span(world.queries).subspan(q * world.width, world.width);
    blend.weights[0] = blend.weights[1] = query.back() / 2;
    Stopwatch watch;
    sequence.Multiply(query.first(world.embedding_width), logits);
    watch.Lap(laps[0]);
    latent.Multiply(query.subspan(world.embedding_width, kLatent), closeness);
    watch.Lap(laps[1]);
    const std::array<Feature, 4> features = {Feature{.dense = popularity}, Feature{.dense = popularity},
                                             Feature{.dense = closeness}, Feature{.dense = logits}};
    blend.Apply({.items = {&newest, 1}}, features, scores);
    watch.Lap(laps[2]);
    const float total = LogSumExp(scores);
    watch.Lap(laps[3]);
    for (float& score : scores) score -= total;
    watch.Lap(laps[4]);
    auto candidates = TopK(scores, kCandidates);
    watch.Lap(laps[5]);
    candidates.resize(std::min(candidates.size(), kListSize));
    recall += Recall(best[q], candidates);
  }
  constexpr std::array<const char*, 6> kNames = {
      "int8 scan of embeddings", "int8 scan of latent places", "blend", "log Σ exp", "subtraction", "best 300"};
  double sum = 0;
  for (std::size_t i = 0; i < laps.size(); ++i) {
    sum += Median(laps[i]);
    fmt::print("  {:<28} p50 {:9.0f} µs\n", kNames[i], Median(laps[i]));
  }
  fmt::print("  {:<28} p50 {:9.0f} µs, recall@25 {:.4f}\n", "together", sum, recall / static_cast<double>(best.size()));
  return recall / static_cast<double>(best.size());
}

struct Probed {
  double recall = 0;
  double rows = 0;
  std::vector<double> errors;  // Of log Σ exp, each query's.
};

/// One query's candidates from the `probes` lists whose centres promise most, and Σ exp by them and a sample of the
/// rest.
void Probe(const World& world, const Clusters& clusters, std::size_t probes, std::span<const float> query,
           std::span<const float> scores, std::span<const std::uint32_t> best, Random& random, Probed& out) {
  const std::size_t count = clusters.lists.size();
  std::vector<float> promises(count);
  for (std::size_t c = 0; c < count; ++c) {
    promises[c] = Dot(query.data(), clusters.centres.data() + c * world.width, world.width);
  }
  std::vector<std::uint8_t> is_probed(world.count);
  std::vector<std::uint32_t> rows;
  for (const std::uint32_t c : TopK(promises, probes)) {
    for (const std::uint32_t row : clusters.lists[c]) {
      rows.push_back(row);
      is_probed[row] = 1;
    }
  }
  std::size_t met = 0;
  for (const std::uint32_t item : best) met += is_probed[item];
  out.recall += static_cast<double>(met) / static_cast<double>(best.size());
  out.rows += static_cast<double>(rows.size());
  double exact = 0;
  for (const float score : scores) exact += std::exp(double{score});
  double estimate = 0;
  for (const std::uint32_t row : rows) estimate += std::exp(double{scores[row]});
  double sampled = 0;
  std::size_t drawn = 0;
  while (drawn < kSampled && rows.size() < world.count) {
    const std::uint64_t row = random.Below(world.count);
    if (is_probed[row] != 0) continue;
    sampled += std::exp(double{scores[row]});
    ++drawn;
  }
  if (drawn > 0) estimate += sampled / static_cast<double>(drawn) * static_cast<double>(world.count - rows.size());
  out.errors.push_back(std::abs(std::log(estimate / exact)));
}

/// How long an int8 scan over so many rows of all dense features takes: what an inverted file cannot do without.
double ScanMicros(const World& world, std::size_t rows) {
  const std::size_t count = std::clamp(rows, RowScan::kExactRowsMax + 1, world.count);
  const RowScan scan(std::span(world.rows).first(count * world.width), world.width);
  std::vector<float> out(count);
  std::vector<double> micros;
  for (std::size_t q = 0; q < world.queries.size() / world.width; ++q) {
    Stopwatch watch;
    scan.Multiply(std::span(world.queries).subspan(q * world.width, world.width), out);
    watch.Lap(micros);
  }
  return Median(micros) * static_cast<double>(rows) / static_cast<double>(count);
}

int Run(const std::string& folder, std::size_t copies, std::size_t query_count) {
  PosixEnv env;
  const auto manifest = ReadManifest(env, folder);
  if (!manifest.ok()) return 1;
  const auto parts = LoadModel(env, folder, *manifest);
  if (!parts.ok()) return 1;
  const SequenceTransformer* sequence = nullptr;
  for (const auto& member : parts->members) {
    if (const auto* found = dynamic_cast<const SequenceTransformer*>(member.get())) sequence = found;
  }
  if (sequence == nullptr) return 1;
  World world = MakeWorld(*parts, *sequence, copies, query_count);
  fmt::print("{} items of {} numbers, {} queries\n", world.count, world.width, query_count);
  std::vector<std::vector<float>> scores(query_count);
  std::vector<std::vector<std::uint32_t>> best(query_count);
  for (std::size_t q = 0; q < query_count; ++q) {
    ScoreExactly(world, std::span(world.queries).subspan(q * world.width, world.width), scores[q]);
    best[q] = TopK(scores[q], kListSize);
  }
  const double exact_recall = MeasureExact(world, best);

  const std::int64_t started = ThreadNanoseconds();
  const Clusters clusters = FindClusters(world.rows, world.width, 1);
  fmt::print("{} lists, found in {:.0f} s\n", clusters.lists.size(),
             static_cast<double>(ThreadNanoseconds() - started) * 1e-9);
  for (std::size_t probes = 4; probes <= clusters.lists.size(); probes *= 2) {
    Probed probed;
    Random random(probes);
    for (std::size_t q = 0; q < query_count; ++q) {
      const auto query = std::span(world.queries).subspan(q * world.width, world.width);
      Probe(world, clusters, probes, query, scores[q], best[q], random, probed);
    }
    probed.recall /= static_cast<double>(query_count);
    probed.rows /= static_cast<double>(query_count);
    std::ranges::sort(probed.errors);
    fmt::print(
        "  {:5} probes: recall@25 {:.4f}, {:8.0f} rows, scan with centres and sample {:7.0f} µs, "
        "error of log Σ exp p50 {:.4f} p99 {:.4f}\n",
        probes, probed.recall, probed.rows,
        ScanMicros(world, static_cast<std::size_t>(probed.rows) + clusters.lists.size() + kSampled),
        probed.errors[query_count / 2], probed.errors[query_count * 99 / 100]);
    if (probed.recall >= kRecallWanted) break;
  }
  return exact_recall < kRecallWanted ? 1 : 0;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: attune_inverted_file MODEL-DIR [copies=10] [queries=100]\n");
    return 2;
  }
  return attune::Run(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10,
                     argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 100);
}
