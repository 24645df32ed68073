#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "data/training_data.h"
#include "model/new_item.h"

namespace attune {

/// A small generated world for tests: users have two liked genres, items one genre and a quality; what is taken next
/// depends on both and on the genre taken last.
struct TestWorldOptions {
  std::uint64_t seed = 1;
  std::uint32_t users = 200;
  std::uint32_t items = 100;
  std::uint32_t new_items = 0;
  std::uint32_t events_each = 30;  ///< At most; up to 9 fewer, by user.
  double repeat_share = 0;         ///< Chance that an event takes an item of the history again; without, never.
};

struct TestWorld {
  TrainingData data;
  std::vector<std::uint32_t> next_item;     ///< What each user takes after the data ends.
  std::vector<NewItem> new_items;           ///< Not in the data.
  std::vector<std::size_t> liked_new_item;  ///< For each user the new item of largest true utility.
  double popularity_ndcg = 0;               ///< NDCG@10 of ranking by count for next_item.
  double ceiling_ndcg = 0;                  ///< The same for ranking by the true probabilities.
};

/// Rebuilds offsets, times of creation and the newest time after interactions changed; they stand by user.
inline void FinishTestData(TrainingData& data) {
  Interactions& interactions = data.interactions;
  interactions.user_offsets.assign(data.users.size() + 1, 0);
  for (const std::uint32_t user : interactions.user) ++interactions.user_offsets[user + 1];
  std::partial_sum(interactions.user_offsets.begin(), interactions.user_offsets.end(),
                   interactions.user_offsets.begin());
  data.newest_interaction_ms = *std::max_element(interactions.timestamp_ms.begin(), interactions.timestamp_ms.end());
  data.item_created_ms.resize(data.items.size(), data.newest_interaction_ms);
  for (std::size_t i = 0; i < interactions.size(); ++i) {
    data.item_created_ms[interactions.item[i]] =
        std::min(data.item_created_ms[interactions.item[i]], interactions.timestamp_ms[i]);
  }
  for (CategoricalColumn& column : data.item_attributes.categorical) {
    column.offsets.resize(data.items.size() + 1, column.offsets.back());
  }
}

/// Requires that the user comes last in the data.
inline void AppendEvent(TrainingData& data, const std::string& user, const std::string& item) {
  data.interactions.user.push_back(data.users.Add(user));
  data.interactions.item.push_back(data.items.Add(item));
  data.interactions.timestamp_ms.push_back(data.newest_interaction_ms + 1000);
  data.interactions.event_type.push_back(kNoIndex);
  data.interactions.event_value.push_back(kMissing);
  FinishTestData(data);
}

inline TestWorld MakeTestWorld(const TestWorldOptions& options) {
  constexpr std::uint32_t kGenres = 6;
  Random random(options.seed);
  TestWorld world;
  TrainingData& data = world.data;
  const std::uint32_t all_items = options.items + options.new_items;
  std::vector<double> quality(all_items);
  for (double& value : quality) value = 0.7 * random.Normal();
  const auto genre_of = [&](std::uint32_t item) { return item % kGenres; };
  CategoricalColumn genres{.name = "GENRES", .categories = {}, .offsets = {0}, .values = {}};
  for (std::uint32_t item = 0; item < options.items; ++item) {
    data.items.Add("item" + std::to_string(item));
    genres.values.push_back(genres.categories.Add("genre" + std::to_string(genre_of(item))));
    genres.offsets.push_back(item + 1);
  }
  data.item_attributes.categorical.push_back(std::move(genres));
  for (std::uint32_t item = options.items; item < all_items; ++item) {
    world.new_items.push_back(
        {.id = "new" + std::to_string(item),
         .created_ms = 0,
         .attributes = {
             .categorical = {{"GENRES", {"genre" + std::to_string(genre_of(item))}}}, .numeric = {}, .text = {}}});
  }
  std::vector<std::vector<double>> next_probabilities;
  for (std::uint32_t user = 0; user < options.users; ++user) {
    data.users.Add("user" + std::to_string(user));
    std::vector<double> liking(kGenres);
    for (double& value : liking) value = 1.6 * random.Normal();
    const auto utility = [&](std::uint32_t item, std::uint32_t last_genre) {
      return quality[item] + liking[genre_of(item)] + (genre_of(item) == (last_genre + 1) % kGenres ? 1.0 : 0.0);
    };
    std::vector<std::uint32_t> history;
    std::set<std::uint32_t> met;
    const std::uint32_t events = options.events_each - user % 10;
    for (std::uint32_t event = 0; event <= events; ++event) {
      const std::uint32_t last_genre = history.empty() ? 0 : genre_of(history.back());
      std::vector<double> probabilities(options.items);
      double met_mass = 0;
      double new_mass = 0;
      for (std::uint32_t item = 0; item < options.items; ++item) {
        probabilities[item] = std::exp(utility(item, last_genre));
        (met.contains(item) ? met_mass : new_mass) += probabilities[item];
      }
      for (std::uint32_t item = 0; item < options.items; ++item) {
        probabilities[item] *= met.contains(item) ? options.repeat_share / met_mass
                                                  : (met.empty() ? 1 : 1 - options.repeat_share) / new_mass;
      }
      double drawn = random.Uniform();
      std::uint32_t item = 0;
      while (item + 1 < options.items && (drawn -= probabilities[item]) >= 0) ++item;
      if (event == events) {
        world.next_item.push_back(item);
        next_probabilities.push_back(probabilities);
        break;
      }
      history.push_back(item);
      met.insert(item);
      data.interactions.user.push_back(user);
      data.interactions.item.push_back(item);
      data.interactions.timestamp_ms.push_back(1'600'000'000'000 + 60'000 * std::int64_t{event} + user);
      data.interactions.event_type.push_back(data.interactions.event_types.Add("click"));
      data.interactions.event_value.push_back(kMissing);
    }
    std::size_t best = 0;
    for (std::size_t i = 1; i < world.new_items.size(); ++i) {
      const auto value = [&](std::size_t n) { return utility(options.items + static_cast<std::uint32_t>(n), kGenres); };
      if (value(i) > value(best)) best = i;
    }
    world.liked_new_item.push_back(best);
  }
  FinishTestData(data);
  std::vector<double> counts(options.items);
  for (const std::uint32_t item : data.interactions.item) counts[item] += 1;
  const auto ndcg = [&](std::uint32_t user, const std::vector<double>& scores) {
    double above = 0;
    for (const double score : scores) above += score > scores[world.next_item[user]];
    return above < 10 ? 1 / std::log2(above + 2) / options.users : 0;
  };
  for (std::uint32_t user = 0; user < options.users; ++user) {
    world.popularity_ndcg += ndcg(user, counts);
    world.ceiling_ndcg += ndcg(user, next_probabilities[user]);
  }
  return world;
}

/// The first `count` interactions alone; users and items stay known.
inline TrainingData FirstInteractions(const TrainingData& data, std::size_t count) {
  TrainingData part = data;
  part.interactions.user.resize(count);
  part.interactions.item.resize(count);
  part.interactions.timestamp_ms.resize(count);
  part.interactions.event_type.resize(count);
  part.interactions.event_value.resize(count);
  FinishTestData(part);
  return part;
}

/// Each of two kinds of user takes items of its own half, in the quarter of it that the moment's DEVICE names: so who
/// somebody is, and where, tells what they take, and nothing else does.
inline TrainingData MadeOfAttributes(std::uint32_t users = 300, std::uint32_t items = 40) {
  constexpr std::uint32_t kEventsEach = 12;
  Random random(7);
  TrainingData data;
  CategoricalColumn kinds{.name = "KIND", .categories = {}, .offsets = {0}, .values = {}};
  CategoricalColumn devices{.name = "DEVICE", .categories = {}, .offsets = {0}, .values = {}};
  for (std::uint32_t item = 0; item < items; ++item) data.items.Add("item" + std::to_string(item));
  for (std::uint32_t user = 0; user < users; ++user) {
    data.users.Add("user" + std::to_string(user));
    const auto kind = static_cast<std::uint32_t>(random.Below(2));
    kinds.values.push_back(kinds.categories.Add(kind == 0 ? "left" : "right"));
    kinds.offsets.push_back(user + 1);
    for (std::uint32_t event = 0; event < kEventsEach; ++event) {
      const auto device = static_cast<std::uint32_t>(random.Below(2));
      devices.values.push_back(devices.categories.Add(device == 0 ? "phone" : "desk"));
      devices.offsets.push_back(static_cast<std::uint32_t>(devices.values.size()));
      const std::uint32_t quarter = 2 * kind + device;
      data.interactions.user.push_back(user);
      data.interactions.item.push_back(quarter * items / 4 + static_cast<std::uint32_t>(random.Below(items / 4)));
      data.interactions.timestamp_ms.push_back(1'600'000'000'000 + 60'000 * std::int64_t{event} + user);
      data.interactions.event_type.push_back(kNoIndex);
      data.interactions.event_value.push_back(kMissing);
    }
  }
  data.user_attributes.categorical = {std::move(kinds)};
  data.interactions.context.categorical = {std::move(devices)};
  FinishTestData(data);
  return data;
}

/// Users with `events_each` interactions at one and the same time, over few items without attributes.
inline TrainingData FewUsers(std::uint32_t users, std::uint32_t events_each, std::uint32_t items = 10) {
  TrainingData data;
  for (std::uint32_t user = 0; user < users; ++user) {
    data.users.Add("user" + std::to_string(user));
    for (std::uint32_t event = 0; event < events_each; ++event) {
      data.interactions.user.push_back(user);
      data.interactions.item.push_back(data.items.Add("item" + std::to_string((user + event * event) % items)));
      data.interactions.timestamp_ms.push_back(1'600'000'000'000);
      data.interactions.event_type.push_back(kNoIndex);
      data.interactions.event_value.push_back(kMissing);
    }
  }
  FinishTestData(data);
  return data;
}

}  // namespace attune
