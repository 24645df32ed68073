#include "model/sequential_neighbours.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/sparse_scores.h"

namespace attune {

/// How matches of one feature turn into votes.
struct NeighbourVotes {
  std::size_t kept;     ///< So many of the heaviest matches vote.
  std::size_t gap_max;  ///< For items up to so far behind the place,
  float backward;       ///< and, so much more quietly, before it.
};

namespace {

constexpr std::array<std::string_view, 3> kNames = {"neighbours", "neighbours_alike", "neighbours_last"};

// Found on validation users of public data (quality notes); the same for every data set.
constexpr std::size_t kContextWindow = 20;
constexpr float kContextDecay = 0.95f;
constexpr std::size_t kContextEvents = 100;  // Of the query's history.
constexpr float kHistoryDecay = 0.9f;
constexpr float kAlikeHistoryDecay = 0.97f;
constexpr std::size_t kAlikeEvents = 100;
constexpr std::size_t kAlikePlacesRead = 5;
constexpr float kAlikeContext = 0.1f;
constexpr float kPlaceDecay = 0.5f;
constexpr float kAlikePlaceDecay = 0.7f;
constexpr float kCrowdPower = -0.3f;
constexpr std::size_t kGapMax = 40;
constexpr NeighbourVotes kWideVotes = {.kept = 300, .gap_max = kGapMax, .backward = 0.1f};
constexpr NeighbourVotes kAlikeVotes = {.kept = 300, .gap_max = 5, .backward = 0};
constexpr NeighbourVotes kLastVotes = {.kept = 1000, .gap_max = 10, .backward = 0};

// So much of the matches that vote for the newest item vote for the one before it, and so on.
constexpr float kKeptDecay = 0.8f;

constexpr std::array<float, kGapMax + 1> InverseGaps() {
  std::array<float, kGapMax + 1> inverses{};
  for (std::size_t gap = 1; gap <= kGapMax; ++gap) inverses[gap] = 1 / static_cast<float>(gap);
  return inverses;
}
constexpr auto kInverseGaps = InverseGaps();

constexpr std::array<float, kContextWindow + 1> ContextDecays() {
  std::array<float, kContextWindow + 1> decays{};
  float value = 1;
  for (float& decay : decays) {
    decay = value;
    value *= kContextDecay;
  }
  return decays;
}
constexpr auto kContextDecays = ContextDecays();

// Places lie all over the histories of everybody: the memory of those a few places ahead is asked for early.
constexpr std::size_t kPlacesAhead = 8;
constexpr std::size_t kValuesPerLine = 16;

/// The events [position - back, position + ahead] of a history, clamped to the array, are about to be read.
void ExpectEvents(const std::vector<std::uint32_t>& items, std::uint32_t position, std::size_t back,
                  std::size_t ahead) {
  const std::size_t begin = position - std::min<std::size_t>(position, back);
  const std::size_t end = std::min(items.size(), position + ahead + 1);
  for (std::size_t i = begin; i < end; i += kValuesPerLine) __builtin_prefetch(&items[i]);
}

}  // namespace

struct SequentialNeighbours::Match {
  float weight;
  std::uint32_t position;
  std::uint32_t owner;
};

struct SequentialNeighbours::Scratch final : MemberScratch {
  Scratch(std::size_t item_count, std::size_t user_count)
      : context(item_count + 1), similarity(user_count), wide(item_count), alike(item_count), last(item_count) {}

  std::vector<float> context;  ///< Weight of each item of the query's recent history, 0 for others. [N + 1]
  std::vector<std::uint32_t> context_items;
  SparseScores similarity;  ///< By user.
  SparseScores wide;
  SparseScores alike;
  SparseScores last;
  std::vector<Match> matches;  ///< Of one item; weight is its local context.
  std::vector<Match> voters;
};

std::unique_ptr<SequentialNeighbours> SequentialNeighbours::Fit(std::shared_ptr<const SequenceIndex> index) {
  return std::unique_ptr<SequentialNeighbours>(new SequentialNeighbours(std::move(index)));
}

SequentialNeighbours::SequentialNeighbours(std::shared_ptr<const SequenceIndex> index)
    : index_(std::move(index)), owners_(index_->occurrences.size()) {
  std::vector<std::uint32_t> owner(index_->items.size());  // Of each position.
  std::size_t active_users = 0;
  for (std::uint32_t user = 0; user < index_->user_count(); ++user) {
    const std::uint32_t begin = index_->UserBegin(user);
    const std::uint32_t end = index_->UserEnd(user);
    std::fill(owner.begin() + begin, owner.begin() + end, user);
    length_scale_.push_back(1 / std::sqrt(static_cast<float>(std::max<std::uint32_t>(1, end - begin))));
    active_users += end > begin;
  }
  for (std::uint32_t item = 0; item < index_->item_count; ++item) {
    const auto count = static_cast<float>(std::max<std::size_t>(1, index_->Occurrences(item).size()));
    rarity_.push_back(std::max(0.0f, std::log(static_cast<float>(active_users) / count)) + 0.01f);
  }
  for (std::size_t i = 0; i < owners_.size(); ++i) owners_[i] = owner[index_->occurrences[i]];
}

Result<std::unique_ptr<Member>> SequentialNeighbours::Load(const SnapshotFile& file) {
  ATTUNE_TRY(auto index, SequenceIndex::Load(file));
  return std::unique_ptr<Member>(Fit(std::make_shared<const SequenceIndex>(std::move(index))));
}

Status SequentialNeighbours::Save(SnapshotFileWriter& file) const { return index_->Save(file); }

std::span<const std::string_view> SequentialNeighbours::feature_names() const { return kNames; }

std::unique_ptr<MemberScratch> SequentialNeighbours::MakeScratch() const {
  return std::make_unique<Scratch>(index_->item_count, index_->user_count());
}

std::span<const std::uint32_t> SequentialNeighbours::Owners(std::uint32_t item) const {
  return std::span(owners_).subspan(index_->occurrence_offsets[item], index_->Occurrences(item).size());
}

void SequentialNeighbours::WeighHistory(const Query& query, Scratch& scratch) const {
  for (const std::uint32_t item : scratch.context_items) scratch.context[item] = 0;
  scratch.context_items.clear();
  const std::size_t read = std::min(query.items.size(), kContextEvents);
  float decay = 1;
  for (std::size_t age = 1; age <= read; ++age, decay *= kHistoryDecay) {
    const std::uint32_t item = query.items[query.items.size() - age];
    if (item >= index_->item_count || scratch.context[item] != 0) continue;
    scratch.context[item] = decay * rarity_[item];
    scratch.context_items.push_back(item);
  }
}

void SequentialNeighbours::MeasureSimilarity(const Query& query, Scratch& scratch) const {
  scratch.similarity.Clear();
  const std::size_t read = std::min(query.items.size(), kAlikeEvents);
  std::size_t budget = kSimilarityMatchesMax;
  float decay = 1;
  for (std::size_t age = 1; age <= read; ++age, decay *= kAlikeHistoryDecay) {
    const std::uint32_t item = query.items[query.items.size() - age];
    if (item >= index_->item_count) continue;
    const auto owners = Owners(item);
    const std::size_t looked_at = std::min(owners.size(), budget);
    budget -= looked_at;
    for (const std::uint32_t owner : owners.first(looked_at)) scratch.similarity.Add(owner, decay * rarity_[item]);
  }
}

float SequentialNeighbours::LocalContext(std::uint32_t position, const std::vector<float>& weights) const {
  float sum = 0;
  for (std::size_t back = 1; back <= kContextWindow; ++back) {
    const std::uint32_t item = index_->items[position - back];
    if (item == index_->gap()) break;
    sum += kContextDecays[back] * weights[item];
  }
  return sum;
}

void SequentialNeighbours::FindMatches(std::uint32_t item, const Query& query, std::size_t matches_max,
                                       Scratch& scratch) const {
  scratch.matches.clear();
  const auto occurrences = index_->Occurrences(item);
  const auto owners = Owners(item);
  const std::size_t looked_at = std::min(occurrences.size(), matches_max);
  for (std::size_t i = 0; i < looked_at; ++i) {
    const std::uint32_t position = occurrences[i];
    if (i + kPlacesAhead < looked_at) ExpectEvents(index_->items, occurrences[i + kPlacesAhead], kContextWindow, 0);
    if (owners[i] == query.trained_user) continue;
    scratch.matches.push_back({LocalContext(position, scratch.context), position, owners[i]});
  }
}

void SequentialNeighbours::Vote(std::vector<Match>& matches, const NeighbourVotes& votes, std::size_t age,
                                float loudness, SparseScores& scores) const {
  const auto kept =
      static_cast<std::size_t>(static_cast<float>(votes.kept) * std::pow(kKeptDecay, static_cast<float>(age - 1)));
  if (matches.size() > kept) {
    std::nth_element(matches.begin(), matches.begin() + static_cast<std::ptrdiff_t>(kept), matches.end(),
                     [](const Match& a, const Match& b) {
                       return a.weight != b.weight ? a.weight > b.weight : a.position > b.position;
                     });
    matches.resize(kept);
  }
  double crowd = 0;
  for (const Match& match : matches) crowd += match.weight;
  if (crowd <= 0) return;
  const float scale = loudness * std::pow(static_cast<float>(crowd), kCrowdPower);
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const Match& match = matches[i];
    if (i + kPlacesAhead < matches.size()) {
      ExpectEvents(index_->items, matches[i + kPlacesAhead].position, votes.backward == 0 ? 0 : votes.gap_max,
                   votes.gap_max);
    }
    const float weight = match.weight * scale;
    if (weight <= 0) continue;
    for (std::uint32_t gap = 1; gap <= votes.gap_max; ++gap) {
      const std::uint32_t item = index_->items[match.position + gap];
      if (item == index_->gap()) break;
      scores.Add(item, weight * kInverseGaps[gap]);
    }
    if (votes.backward == 0) continue;
    for (std::uint32_t gap = 1; gap <= votes.gap_max; ++gap) {
      const std::uint32_t item = index_->items[match.position - gap];
      if (item == index_->gap()) break;
      scores.Add(item, weight * votes.backward * kInverseGaps[gap]);
    }
  }
}

void SequentialNeighbours::Score(const Query& query, MemberScratch& member_scratch, std::span<Feature> features) const {
  auto& scratch = static_cast<Scratch&>(member_scratch);
  const std::size_t item_count = index_->item_count;
  scratch.wide.Clear();
  scratch.alike.Clear();
  scratch.last.Clear();
  WeighHistory(query, scratch);
  MeasureSimilarity(query, scratch);
  const std::size_t read = std::min(query.items.size(), kPlacesRead);
  std::size_t budget = kMatchesMax;
  float wide_loudness = 1;
  float alike_loudness = 1;
  for (std::size_t age = 1; age <= read; ++age) {
    const std::uint32_t item = query.items[query.items.size() - age];
    if (item < item_count) {
      // What is left is shared evenly among the items to come, so that one popular item does not take all.
      FindMatches(item, query, budget / (read - age + 1), scratch);
      budget -= std::min(budget, scratch.matches.size());
      const auto weigh = [&](auto weight_of) {
        scratch.voters.clear();
        for (const Match& match : scratch.matches)
          scratch.voters.push_back({weight_of(match), match.position, match.owner});
      };
      const auto squared = [](float x) { return x * x; };
      weigh([&](const Match& match) { return squared(1 + match.weight); });
      if (age == 1) {
        Vote(scratch.voters, kLastVotes, age, 1, scratch.last);
        weigh([&](const Match& match) { return squared(1 + match.weight); });
      }
      Vote(scratch.voters, kWideVotes, age, wide_loudness, scratch.wide);
      if (age <= kAlikePlacesRead) {
        weigh([&](const Match& match) {
          const float alike = scratch.similarity[match.owner] * length_scale_[match.owner];
          return squared(alike * (1 + kAlikeContext * match.weight));
        });
        Vote(scratch.voters, kAlikeVotes, age, alike_loudness, scratch.alike);
      }
    }
    wide_loudness *= kPlaceDecay;
    alike_loudness *= kAlikePlaceDecay;
  }
  features[0] = scratch.wide.LogShares();
  features[1] = scratch.alike.LogShares();
  features[2] = scratch.last.LogShares();
}

}  // namespace attune
