#include "population.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include "base/random.h"

namespace attune::exploration_bench {
namespace {

constexpr std::size_t kRank = 24;
constexpr std::size_t kBlock = 40;  // Directions iterated; more than the rank, so that the last of them converge.
constexpr int kIterations = 120;
constexpr float kAffinityMin = -2;
constexpr float kAffinityMax = 4;

Result<std::string> ReadGzip(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return NotFound(fmt::format("cannot open {}", path));
  std::string text;
  std::string buffer(1 << 16, '\0');
  int count = 0;
  while ((count = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
    text.append(buffer, 0, static_cast<std::size_t>(count));
  }
  gzclose(file);
  if (count < 0) return Corrupt(fmt::format("{} is not whole", path));
  return text;
}

/// The first `limit` fields of each line after the header. The columns used here hold neither quotes nor commas.
std::vector<std::vector<std::string>> ReadTable(const std::string& text, std::size_t limit) {
  std::vector<std::vector<std::string>> rows;
  std::size_t position = text.find('\n') + 1;
  while (position < text.size()) {
    std::size_t end = text.find('\n', position);
    if (end == std::string::npos) end = text.size();
    std::vector<std::string> row;
    while (row.size() < limit && position <= end) {
      std::size_t comma = std::min(text.find(',', position), end);
      row.push_back(text.substr(position, comma - position));
      position = comma + 1;
    }
    rows.push_back(std::move(row));
    position = end + 1;
  }
  return rows;
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// Rows as runs of columns, each with its value.
struct SparseMatrix {
  std::vector<std::vector<std::pair<std::uint32_t, float>>> rows;
  std::size_t column_count = 0;
};

/// Columns of `block` [n, kBlock] made orthonormal, in place (modified Gram-Schmidt).
void Orthonormalise(std::vector<double>& block, std::size_t n) {
  for (std::size_t c = 0; c < kBlock; ++c) {
    for (std::size_t before = 0; before <= c; ++before) {
      double dot = 0;
      for (std::size_t r = 0; r < n; ++r) dot += block[r * kBlock + c] * block[r * kBlock + before];
      const double factor = before < c ? dot : 1 - 1 / std::sqrt(dot);
      for (std::size_t r = 0; r < n; ++r) block[r * kBlock + c] -= factor * block[r * kBlock + before];
    }
  }
}

/// [rows, kBlock] = matrix * block.
std::vector<double> Multiply(const SparseMatrix& matrix, const std::vector<double>& block) {
  std::vector<double> product(matrix.rows.size() * kBlock, 0.0);
  for (std::size_t r = 0; r < matrix.rows.size(); ++r) {
    for (const auto& [column, value] : matrix.rows[r]) {
      for (std::size_t c = 0; c < kBlock; ++c) product[r * kBlock + c] += value * block[column * kBlock + c];
    }
  }
  return product;
}

/// [columns, kBlock] = transposed matrix * block.
std::vector<double> MultiplyTransposed(const SparseMatrix& matrix, const std::vector<double>& block) {
  std::vector<double> product(matrix.column_count * kBlock, 0.0);
  for (std::size_t r = 0; r < matrix.rows.size(); ++r) {
    for (const auto& [column, value] : matrix.rows[r]) {
      for (std::size_t c = 0; c < kBlock; ++c) product[column * kBlock + c] += value * block[r * kBlock + c];
    }
  }
  return product;
}

/// The best approximation of rank kRank, by subspace iteration. Gram-Schmidt keeps the directions in falling order of
/// their singular values, so the first kRank columns are the ones wanted. [rows, columns]
std::vector<float> LowRank(const SparseMatrix& matrix) {
  const std::size_t column_count = matrix.column_count;
  Random random(1);
  std::vector<double> directions(column_count * kBlock);
  for (auto& value : directions) value = random.Normal();
  for (int i = 0; i < kIterations; ++i) {
    Orthonormalise(directions, column_count);
    directions = MultiplyTransposed(matrix, Multiply(matrix, directions));
  }
  Orthonormalise(directions, column_count);
  const std::vector<double> projected = Multiply(matrix, directions);

  std::vector<float> result(matrix.rows.size() * column_count, 0.0F);
  for (std::size_t r = 0; r < matrix.rows.size(); ++r) {
    for (std::size_t column = 0; column < column_count; ++column) {
      double sum = 0;
      for (std::size_t c = 0; c < kRank; ++c) sum += projected[r * kBlock + c] * directions[column * kBlock + c];
      result[r * column_count + column] = static_cast<float>(sum);
    }
  }
  return result;
}

/// Each row to mean 0 and deviation 1, then clipped.
void Standardise(std::span<float> affinity, std::size_t row_count) {
  const std::size_t width = affinity.size() / row_count;
  for (std::size_t r = 0; r < row_count; ++r) {
    const auto row = affinity.subspan(r * width, width);
    double sum = 0;
    double squares = 0;
    for (const float value : row) sum += value;
    const double mean = sum / static_cast<double>(width);
    for (const float value : row) squares += (value - mean) * (value - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(width));
    for (float& value : row) {
      value = std::clamp(static_cast<float>((value - mean) / (deviation + 1e-6)), kAffinityMin, kAffinityMax);
    }
  }
}

}  // namespace

Result<Population> LoadMovieLens(const std::string& folder) {
  ATTUNE_TRY(const std::string interactions, ReadGzip(folder + "/interactions.csv.gz"));
  ATTUNE_TRY(const std::string items, ReadGzip(folder + "/items.csv.gz"));

  std::map<std::uint32_t, std::set<std::uint32_t>> met;
  Population population;
  for (const auto& row : ReadTable(interactions, 2)) {
    if (row.size() < 2) return Corrupt(fmt::format("{}/interactions.csv.gz has a line of fewer than 2 fields", folder));
    const auto user = static_cast<std::uint32_t>(std::stoul(row[0]) - 1);
    const auto item = static_cast<std::uint32_t>(std::stoul(row[1]) - 1);
    met[user].insert(item);
    population.user_count = std::max<std::size_t>(population.user_count, user + 1);
    population.item_count = std::max<std::size_t>(population.item_count, item + 1);
  }

  population.popularity.resize(population.item_count);
  for (const auto& [user, list] : met) {
    for (const std::uint32_t item : list) ++population.popularity[item];
  }
  SparseMatrix matrix{.rows = {}, .column_count = population.item_count};
  matrix.rows.resize(population.user_count);
  for (const auto& [user, list] : met) {
    for (const std::uint32_t item : list) {
      const double scale = std::sqrt(static_cast<double>(list.size()) * population.popularity[item]);
      matrix.rows[user].emplace_back(item, static_cast<float>(1 / scale));
    }
  }
  population.affinity = LowRank(matrix);
  Standardise(population.affinity, population.user_count);

  const auto rows = ReadTable(items, 3);
  std::set<std::string> names;
  for (const auto& row : rows) {
    for (const auto& name : Split(row[1], '|')) names.insert(name);
  }
  const std::vector<std::string> genres(names.begin(), names.end());
  population.feature_count = genres.size() + 1;
  population.features.assign(population.item_count * population.feature_count, 0.0F);
  population.attributes.resize(population.item_count);
  for (const auto& row : rows) {
    const std::size_t item = std::stoul(row[0]) - 1;
    if (item >= population.item_count) continue;
    float* features = &population.features[item * population.feature_count];
    for (const auto& name : Split(row[1], '|')) {
      const auto genre = std::lower_bound(genres.begin(), genres.end(), name) - genres.begin();
      features[genre] = 1;
      population.attributes[item].push_back(static_cast<std::uint32_t>(genre));
    }
    features[genres.size()] = (std::stof(row[2]) - 1980) / 20;
  }
  return population;
}

Population GeneratePopulation(const GeneratedPopulation& options) {
  constexpr std::size_t kTastes = 8;
  Random random(options.seed);
  Population population{
      .user_count = options.user_count, .item_count = options.item_count, .feature_count = options.genre_count + 1};
  std::vector<float> genre_tastes(options.genre_count * kTastes);
  for (auto& value : genre_tastes) value = static_cast<float>(random.Normal());

  std::vector<float> item_tastes(options.item_count * kTastes);
  population.features.assign(options.item_count * population.feature_count, 0.0F);
  population.attributes.resize(options.item_count);
  for (std::size_t item = 0; item < options.item_count; ++item) {
    std::set<std::uint32_t> genres;
    for (std::uint64_t i = 0; i < 1 + random.Below(3); ++i) {
      genres.insert(static_cast<std::uint32_t>(random.Below(options.genre_count)));
    }
    for (const std::uint32_t genre : genres) {
      population.features[item * population.feature_count + genre] = 1;
      population.attributes[item].push_back(genre);
      for (std::size_t t = 0; t < kTastes; ++t) item_tastes[item * kTastes + t] += genre_tastes[genre * kTastes + t];
    }
    for (std::size_t t = 0; t < kTastes; ++t) item_tastes[item * kTastes + t] += static_cast<float>(random.Normal());
    population.features[item * population.feature_count + options.genre_count] = static_cast<float>(random.Uniform());
    population.popularity.push_back(static_cast<std::uint32_t>(30 + random.Below(300)));
  }

  population.affinity.assign(options.user_count * options.item_count, 0.0F);
  for (std::size_t user = 0; user < options.user_count; ++user) {
    std::vector<float> tastes(kTastes);
    for (auto& value : tastes) value = static_cast<float>(random.Normal());
    for (std::size_t item = 0; item < options.item_count; ++item) {
      float* affinity = &population.affinity[user * options.item_count + item];
      for (std::size_t t = 0; t < kTastes; ++t) *affinity += tastes[t] * item_tastes[item * kTastes + t];
    }
  }
  Standardise(population.affinity, population.user_count);
  return population;
}

}  // namespace attune::exploration_bench
