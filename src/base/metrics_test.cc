#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, WritesCountersWithTheirLabels) {
  Metrics metrics;
  auto& requests = metrics.Counters("requests_total", "Requests.", {"operation", "status"});

  requests.With({"PutEvents", "200"}).Add(3);
  requests.With({"PutEvents", "400"}).Add();

  EXPECT_EQ(metrics.ToPrometheusText(),
            "# HELP requests_total Requests.\n"
            "# TYPE requests_total counter\n"
            "requests_total{operation=\"PutEvents\",status=\"200\"} 3\n"
            "requests_total{operation=\"PutEvents\",status=\"400\"} 1\n");
}

TEST(Metrics, WritesHistogramsWithCumulativeBuckets) {
  Metrics metrics;
  const double bounds[] = {0.5, 2};
  auto& histogram = metrics.AddHistogram("wait_seconds", "Waiting.", bounds);

  histogram.Observe(0.5);
  histogram.Observe(1);
  histogram.Observe(16);

  EXPECT_EQ(metrics.ToPrometheusText(),
            "# HELP wait_seconds Waiting.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{le=\"0.5\"} 1\n"
            "wait_seconds_bucket{le=\"2\"} 2\n"
            "wait_seconds_bucket{le=\"+Inf\"} 3\n"
            "wait_seconds_sum 17.5\n"
            "wait_seconds_count 3\n");
}

TEST(Metrics, GivesTheSameSeriesForTheSameLabels) {
  Metrics metrics;

  metrics.Counters("a_total", "", {"x"}).With({"1"}).Add();

  EXPECT_EQ(metrics.Counters("a_total", "", {"x"}).With({"1"}).value(), 1u);
}

TEST(Metrics, PutsWhatIsBeyondTheSeriesLimitIntoOneSeries) {
  Metrics metrics;
  auto& family = metrics.Counters("a_total", "", {"x"}, /*series_max=*/2);

  for (const char* value : {"1", "2", "3", "4", "1"}) family.With({value}).Add();

  EXPECT_EQ(metrics.ToPrometheusText(),
            "# HELP a_total \n# TYPE a_total counter\n"
            "a_total{x=\"1\"} 2\na_total{x=\"2\"} 1\na_total{x=\"other\"} 2\n");
}

TEST(Metrics, EscapesLabelValues) {
  Metrics metrics;
  metrics.Gauges("g", "", {"x"}).With({"a\"b\\c\nd"}).Set(-2);

  EXPECT_THAT(metrics.ToPrometheusText(), HasSubstr("g{x=\"a\\\"b\\\\c\\nd\"} -2\n"));
}

TEST(Metrics, AsksReadingsWhenTheTextIsWritten) {
  Metrics metrics;
  double value = 1;
  metrics.AddReading("memory_bytes", "Memory.", [&] { return value; });
  value = 2.5;

  EXPECT_THAT(metrics.ToPrometheusText(), HasSubstr("memory_bytes 2.5\n"));
}

TEST(Metrics, LooksOnceForSeveralReadings) {
  Metrics metrics;
  int looks = 0;
  metrics.AddReadings({{"width", "Width."}, {"height", "Height."}}, [&] {
    ++looks;
    return std::vector<double>{2, 3};
  });

  EXPECT_EQ(metrics.ToPrometheusText(),
            "# HELP height Height.\n# TYPE height gauge\nheight 3\n# HELP width Width.\n# TYPE width gauge\nwidth 2\n");
  EXPECT_EQ(looks, 1);
}

}  // namespace
}  // namespace attune
