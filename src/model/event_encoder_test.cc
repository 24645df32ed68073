#include "model/event_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "storage/memory_env.h"

namespace attune {
namespace {

using testing::ElementsAre;

struct Event {
  std::uint32_t type = kNoIndex;
  float value = kMissing;
};

/// One user's events.
TrainingData DataOf(const std::vector<Event>& events) {
  TrainingData data;
  data.users.Add("user");
  data.items.Add("item");
  for (const Event& event : events) {
    data.interactions.user.push_back(0);
    data.interactions.item.push_back(0);
    data.interactions.timestamp_ms.push_back(0);
    data.interactions.event_type.push_back(event.type);
    data.interactions.event_value.push_back(event.value);
  }
  data.interactions.user_offsets = {0, static_cast<std::uint32_t>(events.size())};
  return data;
}

EventEncoder Fit(const std::vector<Event>& events) {
  const TrainingData data = DataOf(events);
  return EventEncoder::Fit(WholeView(data));
}

EventInput Rows(std::array<std::uint32_t, 3> rows, std::array<float, 3> weights) {
  return {.rows = rows, .weights = weights};
}

TEST(EventEncoder, HasNoRowsWhereEventsAreAllOfOneKind) {
  EXPECT_EQ(Fit({}).row_count(), 0u);
  EXPECT_EQ(Fit({{.type = 0}, {.type = 0}}).row_count(), 0u);
  EXPECT_EQ(Fit({{}, {}}).row_count(), 0u);
  EXPECT_EQ(Fit({{.type = 0, .value = 3}, {.type = 0, .value = 3}}).row_count(), 0u);
  EXPECT_EQ(EventEncoder().Encode(1, 5), EventInput());
}

TEST(EventEncoder, GivesARowToEachTypeButTheMostFrequent) {
  const auto encoder = Fit({{.type = 0}, {.type = 1}, {.type = 1}, {.type = 1}, {}, {}});

  EXPECT_EQ(encoder.row_count(), 2u);
  EXPECT_EQ(encoder.Encode(1, kMissing), EventInput());
  EXPECT_EQ(encoder.Encode(kNoIndex, kMissing), Rows({0, 0, 0}, {1, 0, 0}));
  EXPECT_EQ(encoder.Encode(0, kMissing), Rows({1, 0, 0}, {1, 0, 0}));
  // One that training did not meet is like the most frequent.
  EXPECT_EQ(encoder.Encode(7, kMissing), EventInput());
}

TEST(EventEncoder, GivesRareTypesNoRowOfTheirOwn) {
  std::vector<Event> events;
  for (std::uint32_t type = 0; type < EventEncoder::kTypesMax + 2; ++type) {
    events.insert(events.end(), 30 - type, {.type = type});
  }
  const auto encoder = Fit(events);

  EXPECT_EQ(encoder.row_count(), EventEncoder::kTypesMax);
  EXPECT_EQ(encoder.Encode(EventEncoder::kTypesMax, kMissing).rows[0], EventEncoder::kTypesMax - 1);
  EXPECT_EQ(encoder.Encode(EventEncoder::kTypesMax + 1, kMissing), EventInput());
}

TEST(EventEncoder, SharesAValueBetweenTheKnotsBesideIt) {
  const auto encoder = Fit({{.value = 1}, {.value = 2}, {.value = 4}, {.value = 2}, {}});

  EXPECT_EQ(encoder.row_count(), 3u);
  EXPECT_EQ(encoder.Encode(kNoIndex, kMissing), EventInput());
  EXPECT_EQ(encoder.Encode(kNoIndex, 1), Rows({0, 0, 0}, {0, 1, 0}));
  EXPECT_EQ(encoder.Encode(kNoIndex, 2.5), Rows({0, 1, 2}, {0, 0.75, 0.25}));
  // Beyond the knots as at the last of them.
  EXPECT_EQ(encoder.Encode(kNoIndex, -9), encoder.Encode(kNoIndex, 1));
  EXPECT_EQ(encoder.Encode(kNoIndex, std::numeric_limits<float>::infinity()), encoder.Encode(kNoIndex, 4));
}

TEST(EventEncoder, TakesAMissingValueForTheMiddleOneWhereTrainingMissedNone) {
  const auto encoder = Fit({{.value = 1}, {.value = 2}, {.value = 3}});

  EXPECT_EQ(encoder.row_count(), 2u);
  EXPECT_EQ(encoder.Encode(kNoIndex, 2), EventInput());
  EXPECT_EQ(encoder.Encode(kNoIndex, 3), Rows({0, 1, 0}, {0, 1, 0}));
  EXPECT_EQ(encoder.Encode(kNoIndex, 1.5), Rows({0, 0, 0}, {0, 0.5, 0}));
}

TEST(EventEncoder, PutsItsKnotsAtQuantilesWhereThereAreManyValues) {
  std::vector<Event> events{{}};
  for (int i = 0; i < 1000; ++i) events.push_back({.value = static_cast<float>(i) * static_cast<float>(i)});
  events.push_back({.value = std::numeric_limits<float>::max()});
  events.push_back({.value = std::numeric_limits<float>::lowest()});
  const auto encoder = Fit(events);

  ASSERT_EQ(encoder.row_count(), EventEncoder::kKnotsMax);
  // Half of the values are below 500².
  const EventInput middle = encoder.Encode(kNoIndex, 500 * 500);
  EXPECT_THAT(middle.rows, ElementsAre(0, 3, 4));
  EXPECT_NEAR(middle.weights[1], 0.5, 0.1);
  EXPECT_EQ(encoder.Encode(kNoIndex, 1e30f), Rows({0, 7, 0}, {0, 1, 0}));
}

class EventEncoderFile : public testing::Test {
 protected:
  EventEncoderFile() { EXPECT_TRUE(env_.CreateDirectories("/m").ok()); }
  Result<EventEncoder> Reload(const std::function<Status(SnapshotFileWriter&)>& write) {
    auto file = SnapshotFileWriter::Create(env_, "/m/member", "test", 1);
    EXPECT_TRUE(write(**file).ok());
    EXPECT_TRUE((*file)->Finish().ok());
    opened_ = std::move(*SnapshotFile::Open(env_, "/m/member", "test", 1));
    return EventEncoder::Load(*opened_);
  }
  Result<EventEncoder> Stated(std::vector<std::uint32_t> types, std::vector<float> knots,
                              std::vector<std::uint32_t> empty) {
    return Reload([&](SnapshotFileWriter& file) -> Status {
      ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint32_t>("event_types", types));
      ATTUNE_RETURN_IF_ERROR(file.WriteArray<float>("event_value_knots", knots));
      return file.WriteArray<std::uint32_t>("event_value_empty_knot", empty);
    });
  }

  MemoryEnv env_;
  std::unique_ptr<SnapshotFile> opened_;
};

TEST_F(EventEncoderFile, SurvivesDiskAndWritesNothingWithoutRows) {
  const auto encoder = Fit({{.type = 0, .value = 1}, {.type = 1, .value = 2}, {.type = 1, .value = 3}});

  const auto loaded = Reload([&](SnapshotFileWriter& file) { return encoder.Save(file); });

  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  EXPECT_EQ(loaded->row_count(), 3u);
  EXPECT_EQ(loaded->Encode(0, 2.75), encoder.Encode(0, 2.75));
  const auto none = Reload([&](SnapshotFileWriter& file) { return EventEncoder().Save(file); });
  EXPECT_EQ(none->row_count(), 0u);
  EXPECT_TRUE(opened_->SectionNames().empty());
}

TEST_F(EventEncoderFile, RefusesWhatCannotBe) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(Stated({1, kNoIndex}, {1, 2}, {1}).ok());
  EXPECT_EQ(Stated({1, 1}, {}, {kNoIndex}).status().code(), Code::kCorrupt);
  EXPECT_EQ(Stated(std::vector<std::uint32_t>(17), {}, {kNoIndex}).status().code(), Code::kCorrupt);
  EXPECT_EQ(Stated({}, {2, 1}, {kNoIndex}).status().code(), Code::kCorrupt);
  EXPECT_EQ(Stated({}, {1, 1}, {kNoIndex}).status().code(), Code::kCorrupt);
  EXPECT_EQ(Stated({}, {nan}, {kNoIndex}).status().code(), Code::kCorrupt);
  EXPECT_EQ(Stated({}, {1, nan, 2}, {kNoIndex}).status().code(), Code::kCorrupt);
  EXPECT_EQ(Stated({}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, {kNoIndex}).status().code(), Code::kCorrupt);
  EXPECT_EQ(Stated({}, {1, 2}, {2}).status().code(), Code::kCorrupt);
  EXPECT_EQ(Stated({}, {1, 2}, {}).status().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace attune
