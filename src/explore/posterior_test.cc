#include "explore/posterior.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include "base/random.h"

namespace attune {
namespace {

constexpr Posterior::Options kSmall{.factor_count = 2, .items_max = 5'000};

/// The expected correction, the effects of attributes included.
float Mean(const Posterior& posterior, std::uint32_t item, std::span<const float> factors = {}) {
  const Belief belief = posterior.Believe(item, factors);
  float shared = 0;
  for (std::size_t i = 0; i < belief.attribute_count; ++i) {
    shared += (i == 0 ? 1 : belief.attribute_scale) * posterior.AttributeEffect(belief.attributes[i]).mean;
  }
  return belief.mean + belief.shared_weight * shared;
}

void Show(Posterior& posterior, std::uint32_t item, std::uint32_t rank, Feedback feedback, int times = 1,
          std::span<const float> factors = {}) {
  const std::vector<Impression> list{{.item = item, .rank = rank, .score = -5, .feedback = feedback}};
  for (int i = 0; i < times; ++i) ASSERT_TRUE(posterior.Observe(list, factors).ok());
}

/// Some hundred lists of random items, ranks, users and clicks.
void Live(Posterior& posterior, std::uint64_t seed) {
  Random random(seed);
  for (std::uint32_t item = 0; item < 40; ++item) {
    const std::vector<std::uint64_t> attributes{item % 5, 100 + item % 3};
    ASSERT_TRUE(posterior.SetItem(item, 0.5 + 0.01 * item, attributes).ok());
  }
  for (int i = 0; i < 400; ++i) {
    const std::vector<float> factors{static_cast<float>(random.Normal()), static_cast<float>(random.Normal())};
    std::vector<Impression> list;
    for (std::uint32_t rank = 1; rank <= 10; ++rank) {
      list.push_back({.item = static_cast<std::uint32_t>(random.Below(60)),
                      .rank = rank,
                      .score = static_cast<float>(-5 + random.Normal()),
                      .feedback = random.Uniform() < 0.1 ? Feedback::kClicked : Feedback::kIgnored});
    }
    ASSERT_TRUE(posterior.Observe(list, i % 7 == 0 ? std::span<const float>() : factors).ok());
  }
}

TEST(Posterior, BelievesTheScoreBeforeAnythingWasShown) {
  Posterior posterior(kSmall);
  ASSERT_TRUE(posterior.SetItem(3, 0.7, {}).ok());

  EXPECT_EQ(Mean(posterior, 3), 0);
  EXPECT_NEAR(posterior.Believe(3, {}).deviation, 0.7, 1e-6);
  EXPECT_NEAR(posterior.Believe(4, {}).deviation, 0.9, 1e-6);  // The default.
  // Directions are no part of it.
  const std::vector<float> unusual{2, 0};
  EXPECT_NEAR(posterior.Believe(3, unusual).deviation, 0.7, 1e-6);
}

TEST(Posterior, IsWiderForItemsThatFewLookedAt) {
  Posterior plain_posterior(kSmall);
  Posterior posterior(kSmall);
  ASSERT_TRUE(plain_posterior.SetItem(2, 0.7, {}).ok());
  ASSERT_TRUE(posterior.SetItem(2, 0.7, {}, 3).ok());

  EXPECT_NEAR(posterior.Believe(2, {}).deviation, std::sqrt(0.49 + 9), 1e-5);
  for (int shown = 1; shown <= 20; ++shown) {
    Show(plain_posterior, 2, 1, Feedback::kIgnored);
    Show(posterior, 2, 1, Feedback::kIgnored);
    const Belief plain = plain_posterior.Believe(2, {});
    const Belief wide = posterior.Believe(2, {});
    EXPECT_EQ(wide.mean, plain.mean) << "nothing is learned by it";
    const float unmet = 3 / (1 + wide.ignored);
    EXPECT_NEAR(wide.deviation, std::hypot(plain.deviation, unmet), 1e-5);
  }
}

TEST(Posterior, FallsAndNarrowsWithEachImpressionThatIsIgnored) {
  Posterior posterior(kSmall);
  float mean = 0;
  float deviation = posterior.Believe(1, {}).deviation;
  for (int i = 0; i < 100; ++i) {
    Show(posterior, 1, 1, Feedback::kIgnored);

    EXPECT_LT(Mean(posterior, 1), mean);
    EXPECT_LT(posterior.Believe(1, {}).deviation, deviation);
    mean = Mean(posterior, 1);
    deviation = posterior.Believe(1, {}).deviation;
  }
  EXPECT_LT(mean, -0.5);
}

TEST(Posterior, RisesWithAClick) {
  Posterior posterior(kSmall);

  Show(posterior, 1, 4, Feedback::kClicked);

  EXPECT_GT(Mean(posterior, 1), 0.3);
  EXPECT_EQ(posterior.Believe(1, {}).clicked, 1U);
}

TEST(Posterior, HoldsALowPlaceLessAgainstAnItem) {
  Posterior posterior(kSmall);

  Show(posterior, 1, 1, Feedback::kIgnored);
  Show(posterior, 2, 20, Feedback::kIgnored);

  EXPECT_LT(posterior.Believe(1, {}).mean, 4 * posterior.Believe(2, {}).mean);
  EXPECT_LT(posterior.Believe(2, {}).mean, 0);
}

TEST(Posterior, FindsTheTruthInManyImpressions) {
  constexpr double kTruth = 0.8;
  Posterior posterior({.factor_count = 0, .scores_are_click_logits = true, .items_max = 10});
  Random random(4);
  for (int i = 0; i < 20'000; ++i) {
    const bool clicked = random.Uniform() < 1 / (1 + std::exp(2 - kTruth));
    const std::vector<Impression> list{{.score = -2, .feedback = clicked ? Feedback::kClicked : Feedback::kIgnored}};
    ASSERT_TRUE(posterior.Observe(list, {}).ok());
  }

  EXPECT_NEAR(Mean(posterior, 0), kTruth, 0.06);  // Three standard errors of 20,000 clicks at 23 %.
  EXPECT_LT(posterior.Believe(0, {}).deviation, 0.03);
}

TEST(Posterior, LearnsWhoLikesAnItem) {
  Posterior posterior({.factor_count = 1, .items_max = 10});
  const std::vector<float> friends{1.5F};
  const std::vector<float> others{-1.5F};

  Show(posterior, 0, 1, Feedback::kClicked, 10, friends);
  Show(posterior, 0, 1, Feedback::kIgnored, 10, others);

  EXPECT_GT(Mean(posterior, 0, friends), Mean(posterior, 0, others) + 1);
}

TEST(Posterior, SharesWhatItLearnsAmongItemsOfOneAttribute) {
  Posterior posterior(kSmall);
  const std::vector<std::uint64_t> western{7};
  const std::vector<std::uint64_t> drama{8};
  for (std::uint32_t item = 0; item < 20; ++item) ASSERT_TRUE(posterior.SetItem(item, 0.5, western).ok());
  ASSERT_TRUE(posterior.SetItem(100, 0.5, western).ok());
  ASSERT_TRUE(posterior.SetItem(101, 0.5, drama).ok());

  for (std::uint32_t item = 0; item < 20; ++item) Show(posterior, item, 1, Feedback::kIgnored, 60);

  EXPECT_LT(Mean(posterior, 100), -0.2);
  EXPECT_LT(Mean(posterior, 100), Mean(posterior, 101) - 0.1);
}

TEST(Posterior, LetsOneItemSpeakForItsAttributesOnce) {
  Posterior posterior(kSmall);
  const std::vector<std::uint64_t> western{7};
  ASSERT_TRUE(posterior.SetItem(0, 0.5, western).ok());

  Show(posterior, 0, 1, Feedback::kIgnored, 3'000);

  // 0.3^2 of 0.3^2 + 0.3^2 + 0.5^2 is all that one item can take away, however often it is shown.
  const Belief belief = posterior.Believe(0, {});
  EXPECT_GT(posterior.AttributeEffect(belief.attributes[1]).deviation, 0.3 * std::sqrt(1 - 0.09 / 0.43) - 0.01);
}

TEST(Posterior, CountsAnAttributeThatIsToldTwiceOnce) {
  Posterior once(kSmall);
  Posterior often(kSmall);
  ASSERT_TRUE(once.SetItem(1, 0.5, std::vector<std::uint64_t>{7, 9}).ok());
  ASSERT_TRUE(often.SetItem(1, 0.5, std::vector<std::uint64_t>{7, 9, 7, 7, 9, 7, 7, 7, 9, 7}).ok());

  for (Posterior* posterior : {&once, &often}) {
    Show(*posterior, 1, 1, Feedback::kClicked, 200);
    Show(*posterior, 1, 1, Feedback::kIgnored, 400);
  }

  EXPECT_TRUE(std::isfinite(Mean(often, 1)));
  EXPECT_EQ(often.Serialize(), once.Serialize());
}

TEST(Posterior, TakesAClickThatCameAfterItHadBeenTakenAsIgnored) {
  Posterior at_once(kSmall);
  Posterior later(kSmall);
  Show(at_once, 1, 5, Feedback::kClicked);

  Show(later, 1, 5, Feedback::kIgnored);
  Show(later, 1, 5, Feedback::kClickedLater);

  EXPECT_NEAR(Mean(later, 1), Mean(at_once, 1), 0.05);
  EXPECT_NEAR(later.Believe(1, {}).deviation, at_once.Believe(1, {}).deviation, 0.01);
  EXPECT_EQ(later.Believe(1, {}).clicked, 1U);
  EXPECT_NEAR(later.Believe(1, {}).ignored, 0, 0.01);
}

TEST(Posterior, LearnsHowOftenPeopleClickFromAllClicksOfAList) {
  constexpr double kRate = 0.4;
  constexpr std::uint32_t kPlaces = 5;
  Posterior posterior({.factor_count = 0, .items_max = 100});
  Random random(3);
  for (std::uint32_t item = 0; item < kPlaces; ++item) ASSERT_TRUE(posterior.SetItem(item, 0.05, {}).ok());

  // As events tell it: the first click of a list tells of all its places, the others come one by one.
  for (int i = 0; i < 2'000; ++i) {
    std::vector<Impression> list;
    std::vector<Impression> late;
    for (std::uint32_t item = 0; item < kPlaces; ++item) {
      list.push_back({.item = item, .rank = item + 1, .score = -5});
      if (random.Uniform() >= kRate * ExaminationCurve().At(item + 1)) continue;
      late.push_back({.item = item, .rank = item + 1, .score = -5, .feedback = Feedback::kClickedLater});
    }
    ASSERT_TRUE(posterior.Observe(list, {}).ok());
    for (const Impression& click : late) ASSERT_TRUE(posterior.Observe({&click, 1}, {}).ok());
  }

  // The items are known too well to take the clicks upon themselves. Within 0.1, because each click was first taken as
  // ignored, by what was believed then; where late clicks taught nothing it was 0.12.
  EXPECT_NEAR(1 / (1 + std::exp(-posterior.calibration().Logit(-5))), kRate, 0.1);
}

TEST(Posterior, IsTheSameAfterAReplayByteForByte) {
  Posterior first(kSmall);
  Posterior second(kSmall);

  Live(first, 5);
  Live(second, 5);

  EXPECT_EQ(first.Serialize(), second.Serialize());
  Show(second, 1, 1, Feedback::kIgnored);
  EXPECT_NE(first.Serialize(), second.Serialize());
}

TEST(Posterior, GoesOnAfterARestartAsIfThereHadBeenNone) {
  Posterior kept(kSmall);
  Live(kept, 6);

  const auto restarted = Posterior::Parse(kSmall, kept.Serialize());
  ASSERT_TRUE(restarted.ok());
  EXPECT_EQ((*restarted)->Serialize(), kept.Serialize());
  Live(kept, 7);
  Live(**restarted, 7);

  EXPECT_EQ((*restarted)->Serialize(), kept.Serialize());
}

TEST(Posterior, RefusesBytesThatAreNotWhatItWrote) {
  Posterior posterior(kSmall);
  Live(posterior, 8);
  const std::string bytes = posterior.Serialize();
  std::string altered = bytes;
  altered[bytes.size() / 2] ^= 1;
  Posterior::Options other = kSmall;
  other.factor_count = 3;
  Posterior::Options narrow = kSmall;
  narrow.items_max = 20;

  EXPECT_EQ(Posterior::Parse(kSmall, altered).status().code(), Code::kCorrupt);
  EXPECT_EQ(Posterior::Parse(kSmall, bytes.substr(0, bytes.size() - 9)).status().code(), Code::kCorrupt);
  EXPECT_EQ(Posterior::Parse(kSmall, "").status().code(), Code::kCorrupt);
  EXPECT_EQ(Posterior::Parse(other, bytes).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Posterior::Parse(narrow, bytes).status().code(), Code::kLimitExceeded);
}

TEST(Posterior, HoldsItemsUpToItsLimitAndSaysSoBeyond) {
  Posterior posterior({.items_max = 2'000});

  EXPECT_TRUE(posterior.SetItem(1'998, 1, {}).ok());
  EXPECT_TRUE(posterior.SetItem(1'999, 1, {}).ok());
  EXPECT_EQ(posterior.SetItem(2'000, 1, {}).code(), Code::kLimitExceeded);
  EXPECT_EQ(posterior.SetItem(2'000, 1, {}).message(), "item 2000 of exploration; the limit is 2000");
}

TEST(Posterior, CountsTheRestOfAListThatGoesBeyondTheLimit) {
  Posterior posterior({.items_max = 2'000});
  const std::vector<Impression> list{{.item = 4'000'000'000, .score = -5}, {.item = 7, .score = -5}};

  const Status status = posterior.Observe(list, {});

  EXPECT_EQ(status.code(), Code::kLimitExceeded);
  EXPECT_LT(posterior.Believe(7, {}).mean, 0);
  EXPECT_EQ(posterior.Believe(4'000'000'000, {}).mean, 0);
}

TEST(Posterior, LearnsFromListsWhoseScoresNobodyKnows) {
  Posterior posterior(kSmall);
  const float unknown = std::numeric_limits<float>::quiet_NaN();
  std::vector<Impression> list{{.item = 1, .rank = 1, .score = unknown}, {.item = 2, .rank = 2, .score = unknown}};

  ASSERT_TRUE(posterior.Observe(list, {}).ok());
  EXPECT_LT(Mean(posterior, 1), 0);
  EXPECT_GT(Mean(posterior, 1), -0.1);  // One of many that are not clicked.
  for (int i = 0; i < 40; ++i) {
    list[1].feedback = i % 4 == 0 ? Feedback::kClicked : Feedback::kIgnored;
    ASSERT_TRUE(posterior.Observe(list, {}).ok());
  }

  EXPECT_LT(Mean(posterior, 1), Mean(posterior, 2) - 0.5);
}

TEST(Posterior, SurvivesNumbersThatAreNone) {
  Posterior posterior(kSmall);
  const float none = std::numeric_limits<float>::quiet_NaN();
  const float endless = std::numeric_limits<float>::infinity();
  const std::vector<float> factors{none, endless};
  const std::vector<Impression> list{{.item = 1, .score = none, .feedback = Feedback::kClicked},
                                     {.item = 2, .rank = 0, .score = -endless},
                                     {.item = 3, .rank = 4'000'000'000, .score = 1e30F}};

  for (int i = 0; i < 2'000; ++i) ASSERT_TRUE(posterior.Observe(list, factors).ok());
  ASSERT_TRUE(posterior.SetItem(9, none, {}).ok());

  for (const std::uint32_t item : {1U, 2U, 3U, 9U}) {
    const Belief belief = posterior.Believe(item, factors);
    EXPECT_TRUE(std::isfinite(belief.mean)) << item;
    EXPECT_GT(belief.deviation, 0) << item;
  }
  EXPECT_TRUE(std::isfinite(posterior.calibration().Logit(-3)));
}

TEST(Posterior, ForgetsAnItemAndRelaxesAll) {
  Posterior posterior(kSmall);
  Show(posterior, 1, 1, Feedback::kIgnored, 50);
  Show(posterior, 2, 1, Feedback::kIgnored, 50);
  const Belief before = posterior.Believe(2, {});

  posterior.Forget(1);
  posterior.Relax(0.5);

  EXPECT_EQ(posterior.Believe(1, {}).mean, 0);
  EXPECT_NEAR(posterior.Believe(1, {}).deviation, 0.9, 1e-6);
  EXPECT_NEAR(posterior.Believe(2, {}).mean, before.mean / 2, 1e-5);
  EXPECT_GT(posterior.Believe(2, {}).deviation, before.deviation);
  EXPECT_LT(posterior.Believe(2, {}).deviation, 0.9);
}

TEST(Posterior, KeepsAtMostItsNumberOfAttributesOfAnItem) {
  Posterior posterior(kSmall);
  for (const std::size_t count : {14U, 15U, 16U}) {
    std::vector<std::uint64_t> attributes(count);
    for (std::size_t i = 0; i < count; ++i) attributes[i] = i;
    ASSERT_TRUE(posterior.SetItem(1, 1, attributes).ok());
    EXPECT_EQ(posterior.Believe(1, {}).attribute_count, 1 + std::min<std::size_t>(count, 15));
  }
}

TEST(Posterior, GivesWholeBeliefsWhileOthersWrite) {
  Posterior posterior(kSmall);
  const std::vector<float> factors{1, -1};
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  const auto read = [&] {
    while (!done) {
      const Belief belief = posterior.Believe(5, factors);
      // Only clicks: each of them raises the mean and narrows the deviation together.
      if (!std::isfinite(belief.mean) || (belief.clicked > 0) != (belief.mean > 0)) ++torn;
      if (belief.clicked == 0 && belief.deviation < 0.899F) ++torn;
    }
  };
  std::thread first(read);
  std::thread second(read);

  for (int round = 0; round < 200; ++round) {
    posterior.Forget(5);
    Show(posterior, 5, 1, Feedback::kClicked, 10, factors);
  }
  done = true;
  first.join();
  second.join();

  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace attune
