#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace attune {

/// Only grows. Thread-safe; one relaxed addition.
class alignas(64) Counter {
 public:
  void Add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Goes up and down. Thread-safe.
class alignas(64) Gauge {
 public:
  void Set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(std::int64_t change) { value_.fetch_add(change, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// How often a value fell at or below each bound. Thread-safe; a short scan and two additions.
class alignas(64) Histogram {
 public:
  /// `upper_bounds` rise strictly; a last bucket without bound is added.
  explicit Histogram(std::span<const double> upper_bounds);

  void Observe(double value);

  const std::vector<double>& upper_bounds() const { return upper_bounds_; }
  /// Of the values at or below upper_bounds()[index], above the bound before; index upper_bounds().size() holds the
  /// rest.
  std::uint64_t bucket_count(std::size_t index) const { return counts_[index].load(std::memory_order_relaxed); }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::vector<double> upper_bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

/// Seconds, from 100 µs to 100 s: what requests and syncs take.
inline constexpr double kLatencyBucketsSeconds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                    0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    100};

/// The series of one name, told apart by label values. Thread-safe. Keep the reference that With gives where it is used
/// often; it lives as long as the family.
template <class Metric>
class MetricFamily {
 public:
  using Make = std::function<std::unique_ptr<Metric>()>;

  MetricFamily(std::string name, std::string help, std::vector<std::string> labels, std::size_t series_max, Make make);

  /// The series of these label values, as many as there are labels. Beyond `series_max` series, values never seen
  /// before share one series in which every label is "other": what a client sends cannot fill the memory.
  Metric& With(std::span<const std::string_view> values) EXCLUDES(mutex_);
  Metric& With(std::initializer_list<std::string_view> values) {
    return With(std::span(values.begin(), values.size()));
  }

  const std::string& name() const { return name_; }
  const std::string& help() const { return help_; }
  const std::vector<std::string>& labels() const { return labels_; }
  void ForEach(const std::function<void(const std::vector<std::string>& values, const Metric& metric)>& visit) const
      EXCLUDES(mutex_);

 private:
  using Series = std::map<std::vector<std::string>, std::unique_ptr<Metric>, std::less<>>;

  // Constant after construction.
  const std::string name_;
  const std::string help_;
  const std::vector<std::string> labels_;
  const std::size_t series_max_;
  const Make make_;
  // Guarded by mutex_.
  mutable SharedMutex mutex_;
  Series series_ GUARDED_BY(mutex_);
};

/// Every figure that a server tells about itself, by name. Thread-safe. References stay valid as long as this lives.
/// Names and labels are Prometheus's: letters, digits and '_'; counters end in _total, units come last (_seconds).
class Metrics {
 public:
  static constexpr std::size_t kSeriesMaxDefault = 2000;

  /// Asking again for a name gives the same family; kind and labels must then be the same.
  MetricFamily<Counter>& Counters(std::string_view name, std::string_view help, std::vector<std::string> labels,
                                  std::size_t series_max = kSeriesMaxDefault) EXCLUDES(mutex_);
  MetricFamily<Gauge>& Gauges(std::string_view name, std::string_view help, std::vector<std::string> labels,
                              std::size_t series_max = kSeriesMaxDefault) EXCLUDES(mutex_);
  MetricFamily<Histogram>& Histograms(std::string_view name, std::string_view help, std::vector<std::string> labels,
                                      std::span<const double> upper_bounds = kLatencyBucketsSeconds,
                                      std::size_t series_max = kSeriesMaxDefault) EXCLUDES(mutex_);

  /// The same without labels.
  Counter& AddCounter(std::string_view name, std::string_view help) { return Counters(name, help, {}).With({}); }
  Gauge& AddGauge(std::string_view name, std::string_view help) { return Gauges(name, help, {}).With({}); }
  Histogram& AddHistogram(std::string_view name, std::string_view help,
                          std::span<const double> upper_bounds = kLatencyBucketsSeconds) {
    return Histograms(name, help, {}, upper_bounds).With({});
  }

  /// A gauge whose value is asked for when the text is written. `read` is called from any thread, and must stay
  /// callable as long as this lives.
  void AddReading(std::string_view name, std::string_view help, std::function<double()> read) EXCLUDES(mutex_);

  struct ReadingName {
    std::string name;
    std::string help;
  };
  /// Several of those that come from one look, in the order of `names`.
  void AddReadings(std::vector<ReadingName> names, std::function<std::vector<double>()> read) EXCLUDES(mutex_);

  /// Prometheus text format 0.0.4, sorted by name.
  std::string ToPrometheusText() const EXCLUDES(mutex_);

 private:
  struct Readings {
    std::vector<ReadingName> names;
    std::function<std::vector<double>()> read;
  };

  // Guarded by mutex_.
  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<MetricFamily<Counter>>, std::less<>> counters_ GUARDED_BY(mutex_);
  std::map<std::string, std::unique_ptr<MetricFamily<Gauge>>, std::less<>> gauges_ GUARDED_BY(mutex_);
  std::map<std::string, std::unique_ptr<MetricFamily<Histogram>>, std::less<>> histograms_ GUARDED_BY(mutex_);
  std::vector<Readings> readings_ GUARDED_BY(mutex_);
};

}  // namespace attune
