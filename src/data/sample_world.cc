#include "data/sample_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>
#include <optional>
#include <unordered_set>

#include "base/random.h"

namespace attune {
namespace {

constexpr std::array<std::string_view, 16> kGenreNames{
    "Drama",  "Comedy",  "Thriller", "Action",    "Romance", "Adventure", "Crime", "Sci-Fi",
    "Horror", "Fantasy", "Mystery",  "Animation", "Musical", "Western",   "War",   "Documentary"};
constexpr double kPopularityExponent = 0.8;
constexpr double kFollowShare = 0.35;
constexpr double kTasteShare = 0.50;
constexpr std::array<double, 3> kFollowerChances{0.6, 0.3, 0.1};
constexpr double kNewItemShare = 0.15;  ///< Of all items, those created within the period.
constexpr double kNoveltyFloor = 0.4;
constexpr double kNoveltyDays = 30;
constexpr double kRepeatAcceptance = 0.05;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kSessionGapSeconds = 1800;  ///< After a longer pause a new session begins.
constexpr double kEventsPerSession = 5;
constexpr std::uint32_t kEventsPerUserMin = 5;

// What a generator is for, mixed into its seed, so that no two draw the same numbers.
constexpr std::uint64_t kItemsStream = 1;
constexpr std::uint64_t kTasteStream = 2;
constexpr std::uint64_t kEventsStream = 3;

std::size_t DrawFromSums(std::span<const double> sums, Random& random) {
  const double at = random.Uniform() * sums.back();
  const auto found = std::upper_bound(sums.begin(), sums.end(), at);
  return std::min<std::size_t>(static_cast<std::size_t>(found - sums.begin()), sums.size() - 1);
}

std::size_t DrawFromChances(std::span<const double> chances, Random& random) {
  double left = random.Uniform();
  for (std::size_t i = 0; i + 1 < chances.size(); ++i) {
    left -= chances[i];
    if (left < 0) return i;
  }
  return chances.size() - 1;
}

void Normalise(std::vector<double>& values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  for (double& value : values) value /= sum;
}

bool IsInSession(std::int64_t before_seconds, std::int64_t now_seconds) {
  return now_seconds - before_seconds <= kSessionGapSeconds;
}

}  // namespace

/// Draws the events of one user, one after the other. One thread at a time.
class SampleUser {
 public:
  SampleUser(const SampleWorld& world, std::uint32_t user)
      : world_(world),
        taste_(world.TasteOf(user)),
        random_(MixSeed(MixSeed(world.options_.seed, kEventsStream), user)) {}

  std::vector<SampleEvent> Draw() {
    std::vector<SampleEvent> events;
    for (const std::int64_t moment : DrawMoments()) {
      genre_chances_ = world_.GenreChances(taste_, moment);
      std::optional<std::uint32_t> before;
      if (!events.empty() && IsInSession(events.back().timestamp_seconds, moment)) before = events.back().item;
      SampleEvent event{.item = DrawClick(before, moment), .timestamp_seconds = moment, .shown = {}};
      DrawShown(&event);
      met_.insert(event.item);
      events.push_back(std::move(event));
    }
    return events;
  }

 private:
  std::vector<std::int64_t> DrawMoments() {
    const SampleWorldOptions& options = world_.options_;
    constexpr double kSpread = 0.8;
    const double mean = std::max(options.interactions_per_user, 1.0);
    const double drawn = mean * std::exp(kSpread * random_.Normal() - kSpread * kSpread / 2);
    const auto count = static_cast<std::size_t>(std::clamp(drawn, double{kEventsPerUserMin}, 20 * mean + 10));
    const auto session_count = static_cast<std::size_t>(static_cast<double>(count) / kEventsPerSession) + 1;
    const double joined_day = random_.Uniform() * 0.6 * options.days;
    std::vector<std::int64_t> starts;
    for (std::size_t i = 0; i < session_count; ++i) {
      const auto day = static_cast<std::int64_t>(joined_day + random_.Uniform() * (options.days - joined_day));
      constexpr std::int64_t kMorning = 7 * 3600;
      const auto second = kMorning + static_cast<std::int64_t>(random_.Below(16 * 3600));
      starts.push_back(world_.begin_seconds() + day * kSecondsPerDay + second);
    }
    std::ranges::sort(starts);
    std::vector<std::int64_t> moments;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t session = i * session_count / count;
      const bool begins = i == 0 || session != (i - 1) * session_count / count;
      std::int64_t moment = starts[session];
      if (!begins) moment = moments.back() + 20 + static_cast<std::int64_t>(random_.Below(280));
      if (begins && i > 0) moment = std::max(moment, moments.back() + kSessionGapSeconds + 1);
      moments.push_back(std::min(moment, options.end_seconds - 1));
    }
    return moments;
  }

  std::uint32_t DrawFromShelf(const SampleWorld::Shelf& shelf) {
    return shelf.items[DrawFromSums(shelf.sums, random_)];
  }
  std::uint32_t DrawLiked() { return DrawFromShelf(world_.genres_[DrawFromChances(genre_chances_, random_)]); }

  std::uint32_t DrawCandidate(std::optional<std::uint32_t> before) {
    double at = random_.Uniform();
    if (before) {
      if (at < kFollowShare) return world_.items_[*before].followers[DrawFromChances(kFollowerChances, random_)];
      at = (at - kFollowShare) / (1 - kFollowShare);
    }
    return at < kTasteShare / (1 - kFollowShare) ? DrawLiked() : DrawFromShelf(world_.all_);
  }

  std::uint32_t DrawClick(std::optional<std::uint32_t> before, std::int64_t moment) {
    for (;;) {
      const std::uint32_t item = DrawCandidate(before);
      const double acceptance = world_.Acceptance(item, moment) * (met_.contains(item) ? kRepeatAcceptance : 1);
      if (random_.Uniform() < acceptance) return item;
    }
  }

  /// Half of what is shown is popular, half is to the user's taste.
  void DrawShown(SampleEvent* event) {
    const std::size_t wanted = world_.options_.impression_size;
    event->shown.push_back(event->item);
    for (std::size_t tries = 0; tries < wanted * 8 && event->shown.size() < wanted; ++tries) {
      const std::uint32_t item = tries % 2 == 0 ? DrawFromShelf(world_.all_) : DrawLiked();
      const bool exists = world_.items_[item].created_seconds <= event->timestamp_seconds;
      if (exists && std::ranges::find(event->shown, item) == event->shown.end()) event->shown.push_back(item);
    }
    std::swap(event->shown[0], event->shown[random_.Below(event->shown.size())]);
  }

  const SampleWorld& world_;
  const SampleWorld::Taste taste_;
  Random random_;
  std::vector<double> genre_chances_;
  std::unordered_set<std::uint32_t> met_;
};

Result<SampleWorld> SampleWorld::Create(const SampleWorldOptions& options) {
  if (options.user_count == 0 || options.user_count > kUsersMax) {
    return InvalidArgument(fmt::format("{} users; there must be 1 to {}", options.user_count, kUsersMax));
  }
  if (options.item_count < kItemsMin || options.item_count > kItemsMax) {
    return InvalidArgument(fmt::format("{} items; there must be {} to {}", options.item_count, kItemsMin, kItemsMax));
  }
  if (options.days == 0 || options.end_seconds < std::int64_t{options.days + 365} * kSecondsPerDay) {
    return InvalidArgument(
        fmt::format("{} days that end {} seconds after 1970: the world needs a day and a year before", options.days,
                    options.end_seconds));
  }
  if (options.impression_size == 0 || options.impression_size > kImpressionSizeMax) {
    return InvalidArgument(
        fmt::format("{} items shown with a click; there must be 1 to {}", options.impression_size, kImpressionSizeMax));
  }
  if (!(options.interactions_per_user > 0) || options.interactions_per_user > 1e6) {
    return InvalidArgument(fmt::format("{} interactions a user; there must be more than 0 and at most 1000000",
                                       options.interactions_per_user));
  }
  SampleWorld world(options);
  world.MakeItems();
  world.MakeFollowers();
  return world;
}

void SampleWorld::MakeItems() {
  Random random(MixSeed(options_.seed, kItemsStream));
  items_.resize(options_.item_count);
  std::vector<std::uint32_t> by_rank(items_.size());
  std::iota(by_rank.begin(), by_rank.end(), 0);
  std::shuffle(by_rank.begin(), by_rank.end(), random);
  for (std::size_t rank = 0; rank < by_rank.size(); ++rank) {
    items_[by_rank[rank]].popularity = std::pow(static_cast<double>(rank + 1), -kPopularityExponent);
  }
  std::vector<double> genre_sums;
  for (std::size_t genre = 0; genre < kGenreNames.size(); ++genre) {
    genre_sums.push_back((genre == 0 ? 0 : genre_sums.back()) + 1 / std::sqrt(static_cast<double>(genre + 1)));
  }
  genres_.resize(kGenreNames.size());
  for (std::uint32_t i = 0; i < items_.size(); ++i) {
    Item& item = items_[i];
    // The first items see to it that no genre is empty.
    item.genres.push_back(static_cast<std::uint32_t>(i < genres_.size() ? i : DrawFromSums(genre_sums, random)));
    for (std::uint64_t more = random.Below(3); more > 0; --more) {
      const auto genre = static_cast<std::uint32_t>(DrawFromSums(genre_sums, random));
      if (std::ranges::find(item.genres, genre) == item.genres.end()) item.genres.push_back(genre);
    }
    const bool is_new = i >= genres_.size() && random.Uniform() < kNewItemShare;
    const std::int64_t from = is_new ? begin_seconds() : begin_seconds() - 300 * kSecondsPerDay;
    const std::int64_t until = is_new ? options_.end_seconds - kSecondsPerDay / 2 : begin_seconds();
    item.created_seconds = from + static_cast<std::int64_t>(random.Uniform() * static_cast<double>(until - from));
    for (const std::uint32_t genre : item.genres) genres_[genre].items.push_back(i);
    all_.items.push_back(i);
  }
  const auto sum_up = [&](Shelf& shelf) {
    double sum = 0;
    for (const std::uint32_t item : shelf.items) shelf.sums.push_back(sum += items_[item].popularity);
  };
  sum_up(all_);
  for (Shelf& shelf : genres_) sum_up(shelf);
}

void SampleWorld::MakeFollowers() {
  Random random(MixSeed(MixSeed(options_.seed, kItemsStream), 1));
  for (std::uint32_t i = 0; i < items_.size(); ++i) {
    std::vector<std::uint32_t>& followers = items_[i].followers;
    const Shelf& alike = genres_[items_[i].genres[0]];
    // A small genre may not have three others; then any item will do.
    for (std::size_t tries = 0; followers.size() < kFollowerChances.size(); ++tries) {
      const Shelf& shelf = tries < 12 ? alike : all_;
      const std::uint32_t item = shelf.items[random.Below(shelf.items.size())];
      if (item != i && std::ranges::find(followers, item) == followers.end()) followers.push_back(item);
    }
  }
}

SampleWorld::Taste SampleWorld::TasteOf(std::uint32_t user) const {
  Random random(MixSeed(MixSeed(options_.seed, kTasteStream), user));
  constexpr double kOpenness = 0.01;  // Everybody tries every genre once in a while.
  Taste taste{.early = std::vector<double>(genres_.size(), kOpenness), .late = {}};
  const std::uint64_t liked = 2 + random.Below(3);
  for (std::uint64_t i = 0; i < liked; ++i) taste.early[random.Below(genres_.size())] += 0.3 + random.Exponential();
  taste.late = taste.early;
  taste.late[random.Below(genres_.size())] += 0.5 + random.Exponential();
  Normalise(taste.early);
  Normalise(taste.late);
  return taste;
}

std::vector<double> SampleWorld::GenreChances(const Taste& taste, std::int64_t timestamp_seconds) const {
  const double share = std::clamp(static_cast<double>(timestamp_seconds - begin_seconds()) /
                                      static_cast<double>(options_.end_seconds - begin_seconds()),
                                  0.0, 1.0);
  std::vector<double> chances(taste.early.size());
  for (std::size_t i = 0; i < chances.size(); ++i) chances[i] = (1 - share) * taste.early[i] + share * taste.late[i];
  return chances;
}

double SampleWorld::Acceptance(std::uint32_t item, std::int64_t timestamp_seconds) const {
  const auto age_days =
      static_cast<double>(timestamp_seconds - items_[item].created_seconds) / static_cast<double>(kSecondsPerDay);
  if (age_days < 0) return 0;
  return kNoveltyFloor + (1 - kNoveltyFloor) * std::exp(-age_days / kNoveltyDays);
}

std::vector<SampleEvent> SampleWorld::Events(std::uint32_t user) const { return SampleUser(*this, user).Draw(); }

std::vector<double> SampleWorld::NextClickProbabilities(std::uint32_t user, std::span<const SampleEvent> history,
                                                        std::int64_t timestamp_seconds) const {
  const auto genre_chances = GenreChances(TasteOf(user), timestamp_seconds);
  const bool in_session = !history.empty() && IsInSession(history.back().timestamp_seconds, timestamp_seconds);
  const double follow_share = in_session ? kFollowShare : 0;
  const double taste_share = (1 - follow_share) * kTasteShare / (1 - kFollowShare);
  const double popular_share = 1 - follow_share - taste_share;
  std::vector<double> chances(items_.size());
  for (std::uint32_t i = 0; i < items_.size(); ++i) {
    double liked = 0;
    for (const std::uint32_t genre : items_[i].genres) liked += genre_chances[genre] / genres_[genre].sums.back();
    chances[i] = items_[i].popularity * (taste_share * liked + popular_share / all_.sums.back());
  }
  if (in_session) {
    const auto& followers = items_[history.back().item].followers;
    for (std::size_t i = 0; i < followers.size(); ++i) chances[followers[i]] += follow_share * kFollowerChances[i];
  }
  for (std::uint32_t i = 0; i < items_.size(); ++i) chances[i] *= Acceptance(i, timestamp_seconds);
  std::unordered_set<std::uint32_t> met;
  for (const SampleEvent& event : history) {
    if (met.insert(event.item).second) chances[event.item] *= kRepeatAcceptance;
  }
  Normalise(chances);
  return chances;
}

double SampleWorld::TrueClickProbability(std::uint32_t user, std::uint32_t item) const {
  return NextClickProbabilities(user, {}, options_.end_seconds)[item];
}

double SampleWorld::CeilingNdcg(std::size_t k, std::uint32_t users_max) const {
  double sum = 0;
  std::uint32_t user_count = 0;
  for (std::uint32_t user = 0; user < std::min(users_max, options_.user_count); ++user) {
    const auto events = Events(user);
    if (events.size() < 3) continue;
    const auto history = std::span(events).first(events.size() - 1);
    auto chances = NextClickProbabilities(user, history, events.back().timestamp_seconds);
    for (const SampleEvent& event : history) chances[event.item] = 0;
    const std::size_t ranks = std::min(k, chances.size());
    std::partial_sort(chances.begin(), chances.begin() + static_cast<std::ptrdiff_t>(ranks), chances.end(),
                      std::greater<>());
    for (std::size_t rank = 0; rank < ranks; ++rank) sum += chances[rank] / std::log2(static_cast<double>(rank) + 2);
    ++user_count;
  }
  return user_count == 0 ? 0 : sum / user_count;
}

Status SampleWorld::WriteInteractions(const Sink& sink) const {
  constexpr std::size_t kPartBytes = std::size_t{1} << 20;
  std::string part = "ITEM_ID,EVENT_TYPE,TIMESTAMP,USER_ID,IMPRESSION\n";
  for (std::uint32_t user = 0; user < options_.user_count; ++user) {
    for (const SampleEvent& event : Events(user)) {
      fmt::format_to(std::back_inserter(part), "{},click,{},{},", event.item + 1, event.timestamp_seconds, user + 1);
      for (std::size_t i = 0; i < event.shown.size(); ++i) {
        fmt::format_to(std::back_inserter(part), "{}{}", i == 0 ? "" : "|", event.shown[i] + 1);
      }
      part.push_back('\n');
    }
    if (part.size() < kPartBytes) continue;
    ATTUNE_RETURN_IF_ERROR(sink(part));
    part.clear();
  }
  return part.empty() ? Status() : sink(part);
}

Status SampleWorld::WriteItems(const Sink& sink) const {
  constexpr std::size_t kPartBytes = std::size_t{1} << 20;
  std::string part = "ITEM_ID,genres,creation_timestamp\n";
  for (std::uint32_t item = 0; item < items_.size(); ++item) {
    fmt::format_to(std::back_inserter(part), "{},", item + 1);
    for (const std::uint32_t genre : items_[item].genres) {
      if (part.back() != ',') part.push_back('|');
      part.append(kGenreNames[genre]);
    }
    fmt::format_to(std::back_inserter(part), ",{}\n", items_[item].created_seconds);
    if (part.size() < kPartBytes) continue;
    ATTUNE_RETURN_IF_ERROR(sink(part));
    part.clear();
  }
  return part.empty() ? Status() : sink(part);
}

Status SampleWorld::WriteTruth(const Sink& sink, std::size_t items_max) const {
  ATTUNE_RETURN_IF_ERROR(sink("USER_ID,ITEM_ID,PROBABILITY\n"));
  std::vector<std::uint32_t> order(items_.size());
  for (std::uint32_t user = 0; user < options_.user_count; ++user) {
    const auto chances = NextClickProbabilities(user, Events(user), options_.end_seconds);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater<>(), [&](std::uint32_t item) { return chances[item]; });
    std::string part;
    for (std::size_t rank = 0; rank < std::min(items_max, order.size()); ++rank) {
      fmt::format_to(std::back_inserter(part), "{},{},{:.6g}\n", user + 1, order[rank] + 1, chances[order[rank]]);
    }
    ATTUNE_RETURN_IF_ERROR(sink(part));
  }
  return {};
}

}  // namespace attune
