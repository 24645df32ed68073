#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace attune {

/// How large a generated world is, and how it differs from others.
struct SampleWorldOptions {
  std::uint64_t seed = 1;
  std::uint32_t user_count = 900;     ///< Their ids are 1, 2, 3 …
  std::uint32_t item_count = 235;     ///< Their ids are 1, 2, 3 …
  double interactions_per_user = 45;  ///< On average; users differ widely.
  std::uint32_t days = 60;
  std::int64_t end_seconds = 1'596'240'000;  ///< Nothing happens later: 2020-08-01 UTC.
  std::uint32_t impression_size = 8;         ///< Items shown with each click, the clicked one among them.
};

/// One click of a generated user. Items and users are indexes; an id is the index plus one.
struct SampleEvent {
  std::uint32_t item = 0;
  std::int64_t timestamp_seconds = 0;
  std::vector<std::uint32_t> shown;  ///< Distinct, `item` among them.
};

/// A world whose truth is known, for samples, tests and benchmarks: people with tastes click items in sessions.
///
/// Each item has one to three genres, a popularity (by rank, to the power -0.8) and a moment of creation; a few items
/// follow it well. Each user likes a few genres, and likes others by the end of the period. A click takes, by chance,
/// - with 0.35, within a session, one of the three items that follow the one before (0.6, 0.3, 0.1),
/// - with 0.50 (or what the first leaves), an item of a genre that the user likes, by popularity,
/// - else any item by popularity;
/// and is drawn again if the item does not exist yet, with a chance that grows with its age (novelty fades), and with
/// 0.95 if the user met it before. So the chance of every item is known exactly, and a draw takes constant time.
///
/// Every user's events depend on the seed and the user alone. Immutable.
class SampleWorld {
 public:
  /// InvalidArgument for an option outside of what can be generated.
  static Result<SampleWorld> Create(const SampleWorldOptions& options);

  const SampleWorldOptions& options() const { return options_; }

  /// What the user does, oldest first. Always the same.
  std::vector<SampleEvent> Events(std::uint32_t user) const;

  /// The chance of each item to be the user's next click at that time, given the clicks before it, oldest first; sums
  /// to 1. Nobody who sees these clicks alone can know better. [items]
  std::vector<double> NextClickProbabilities(std::uint32_t user, std::span<const SampleEvent> history,
                                             std::int64_t timestamp_seconds) const;
  /// The chance that the item is the user's next click when a new session begins at the end of the period.
  double TrueClickProbability(std::uint32_t user, std::uint32_t item) const;

  /// Expected NDCG at `k` of the best possible ranking, for each user's last click given those before it, over users
  /// with at least three; items met before are left out of the ranking and count as missed, as in leave-one-out
  /// evaluation. The mean over the first `users_max` users.
  double CeilingNdcg(std::size_t k, std::uint32_t users_max) const;

  std::span<const std::uint32_t> Genres(std::uint32_t item) const { return items_[item].genres; }
  std::int64_t CreatedSeconds(std::uint32_t item) const { return items_[item].created_seconds; }

  /// Takes text, a part at a time.
  using Sink = std::function<Status(std::string_view)>;
  // CSV with a header, streaming. The interactions are those of one user after the other.
  Status WriteInteractions(const Sink& sink) const;  ///< ITEM_ID,EVENT_TYPE,TIMESTAMP,USER_ID,IMPRESSION
  Status WriteItems(const Sink& sink) const;         ///< ITEM_ID,genres,creation_timestamp
  /// USER_ID,ITEM_ID,PROBABILITY: the chance to be the user's next click at the end of the period, after all clicks
  /// before, of the `items_max` likeliest items of each user, largest first.
  Status WriteTruth(const Sink& sink, std::size_t items_max) const;

  static constexpr std::uint32_t kUsersMax = 100'000'000;
  static constexpr std::uint32_t kItemsMax = 10'000'000;
  static constexpr std::uint32_t kItemsMin = 20;
  static constexpr std::uint32_t kImpressionSizeMax = 25;

 private:
  struct Item {
    std::vector<std::uint32_t> genres;
    std::vector<std::uint32_t> followers;
    std::int64_t created_seconds = 0;
    double popularity = 0;
  };
  /// Items with their summed popularity, to draw from.
  struct Shelf {
    std::vector<std::uint32_t> items;
    std::vector<double> sums;
  };
  /// Which genres a user likes, how much, at the beginning and at the end.
  struct Taste {
    std::vector<double> early;
    std::vector<double> late;
  };

  explicit SampleWorld(const SampleWorldOptions& options) : options_(options) {}
  void MakeItems();
  void MakeFollowers();
  Taste TasteOf(std::uint32_t user) const;
  std::vector<double> GenreChances(const Taste& taste, std::int64_t timestamp_seconds) const;
  double Acceptance(std::uint32_t item, std::int64_t timestamp_seconds) const;
  std::int64_t begin_seconds() const { return options_.end_seconds - std::int64_t{options_.days} * 86'400; }

  SampleWorldOptions options_;
  std::vector<Item> items_;
  Shelf all_;
  std::vector<Shelf> genres_;

  friend class SampleUser;
};

}  // namespace attune
