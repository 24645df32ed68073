#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace attune {
namespace {

std::string Escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quotes)
      out += "\\\"";
    else
      out += c;
  }
  return out;
}

void WriteHead(std::string_view name, std::string_view help, std::string_view type, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "# HELP {} {}\n# TYPE {} {}\n", name, Escaped(help, false), name, type);
}

/// {a="x",b="y"}, with one more pair if `extra` is not empty; nothing if there are none.
std::string LabelText(const std::vector<std::string>& names, const std::vector<std::string>& values,
                      std::string_view extra = {}) {
  std::string inside;
  for (std::size_t i = 0; i < names.size(); ++i) {
    fmt::format_to(std::back_inserter(inside), "{}{}=\"{}\"", i == 0 ? "" : ",", names[i], Escaped(values[i], true));
  }
  if (!extra.empty()) inside += (inside.empty() ? "" : ",") + std::string(extra);
  return inside.empty() ? inside : "{" + inside + "}";
}

template <class Metric>
void WriteValues(const MetricFamily<Metric>& family, std::string_view type, std::string* out) {
  WriteHead(family.name(), family.help(), type, out);
  family.ForEach([&](const std::vector<std::string>& values, const Metric& metric) {
    fmt::format_to(std::back_inserter(*out), "{}{} {}\n", family.name(), LabelText(family.labels(), values),
                   metric.value());
  });
}

void WriteHistogram(const MetricFamily<Histogram>& family, std::string* out) {
  WriteHead(family.name(), family.help(), "histogram", out);
  const auto& names = family.labels();
  family.ForEach([&](const std::vector<std::string>& values, const Histogram& histogram) {
    const auto& bounds = histogram.upper_bounds();
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
      below += histogram.bucket_count(i);
      const std::string bound = i < bounds.size() ? fmt::format("le=\"{}\"", bounds[i]) : "le=\"+Inf\"";
      fmt::format_to(std::back_inserter(*out), "{}_bucket{} {}\n", family.name(), LabelText(names, values, bound),
                     below);
    }
    const std::string labels = LabelText(names, values);
    fmt::format_to(std::back_inserter(*out), "{0}_sum{1} {2}\n{0}_count{1} {3}\n", family.name(), labels,
                   histogram.sum(), below);
  });
}

bool IsMetricName(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, fits);
}

/// The family of that name in `families`, made if missing.
template <class Metric>
MetricFamily<Metric>& FindOrMake(std::map<std::string, std::unique_ptr<MetricFamily<Metric>>, std::less<>>* families,
                                 std::string_view name, std::string_view help, std::vector<std::string> labels,
                                 std::size_t series_max, typename MetricFamily<Metric>::Make make) {
  ATTUNE_CHECK(IsMetricName(name));
  auto& family = (*families)[std::string(name)];
  if (!family) {
    family = std::make_unique<MetricFamily<Metric>>(std::string(name), std::string(help), std::move(labels), series_max,
                                                    std::move(make));
  } else {
    ATTUNE_CHECK(family->labels() == labels);
  }
  return *family;
}

}  // namespace

Histogram::Histogram(std::span<const double> upper_bounds)
    : upper_bounds_(upper_bounds.begin(), upper_bounds.end()), counts_(upper_bounds.size() + 1) {
  ATTUNE_CHECK(std::ranges::adjacent_find(upper_bounds_, std::greater_equal<>()) == upper_bounds_.end());
}

void Histogram::Observe(double value) {
  const auto bucket = std::ranges::lower_bound(upper_bounds_, value) - upper_bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

template <class Metric>
MetricFamily<Metric>::MetricFamily(std::string name, std::string help, std::vector<std::string> labels,
                                   std::size_t series_max, Make make)
    : name_(std::move(name)),
      help_(std::move(help)),
      labels_(std::move(labels)),
      series_max_(series_max),
      make_(std::move(make)) {}

template <class Metric>
Metric& MetricFamily<Metric>::With(std::span<const std::string_view> values) {
  ATTUNE_CHECK(values.size() == labels_.size());
  std::vector<std::string> key(values.begin(), values.end());
  {
    ReaderLock lock(mutex_);
    if (const auto found = series_.find(key); found != series_.end()) return *found->second;
  }
  WriterLock lock(mutex_);
  if (series_.size() >= series_max_ && !series_.contains(key)) std::ranges::fill(key, "other");
  auto& metric = series_[std::move(key)];
  if (!metric) metric = make_();
  return *metric;
}

template <class Metric>
void MetricFamily<Metric>::ForEach(
    const std::function<void(const std::vector<std::string>& values, const Metric& metric)>& visit) const {
  ReaderLock lock(mutex_);
  for (const auto& [values, metric] : series_) visit(values, *metric);
}

template class MetricFamily<Counter>;
template class MetricFamily<Gauge>;
template class MetricFamily<Histogram>;

MetricFamily<Counter>& Metrics::Counters(std::string_view name, std::string_view help, std::vector<std::string> labels,
                                         std::size_t series_max) {
  MutexLock lock(mutex_);
  return FindOrMake<Counter>(&counters_, name, help, std::move(labels), series_max,
                             [] { return std::make_unique<Counter>(); });
}

MetricFamily<Gauge>& Metrics::Gauges(std::string_view name, std::string_view help, std::vector<std::string> labels,
                                     std::size_t series_max) {
  MutexLock lock(mutex_);
  return FindOrMake<Gauge>(&gauges_, name, help, std::move(labels), series_max,
                           [] { return std::make_unique<Gauge>(); });
}

MetricFamily<Histogram>& Metrics::Histograms(std::string_view name, std::string_view help,
                                             std::vector<std::string> labels, std::span<const double> upper_bounds,
                                             std::size_t series_max) {
  MutexLock lock(mutex_);
  return FindOrMake<Histogram>(&histograms_, name, help, std::move(labels), series_max,
                               [bounds = std::vector<double>(upper_bounds.begin(), upper_bounds.end())] {
                                 return std::make_unique<Histogram>(bounds);
                               });
}

void Metrics::AddReading(std::string_view name, std::string_view help, std::function<double()> read) {
  AddReadings({{std::string(name), std::string(help)}}, [read = std::move(read)] { return std::vector{read()}; });
}

void Metrics::AddReadings(std::vector<ReadingName> names, std::function<std::vector<double>()> read) {
  for (const auto& [name, help] : names) ATTUNE_CHECK(IsMetricName(name));
  MutexLock lock(mutex_);
  readings_.push_back({std::move(names), std::move(read)});
}

std::string Metrics::ToPrometheusText() const {
  MutexLock lock(mutex_);
  std::map<std::string_view, std::string> texts;
  for (const auto& [name, family] : counters_) WriteValues(*family, "counter", &texts[name]);
  for (const auto& [name, family] : gauges_) WriteValues(*family, "gauge", &texts[name]);
  for (const auto& [name, family] : histograms_) WriteHistogram(*family, &texts[name]);
  for (const auto& [names, read] : readings_) {
    const std::vector<double> values = read();
    ATTUNE_CHECK(values.size() == names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto& [name, help] = names[i];
      WriteHead(name, help, "gauge", &texts[name]);
      fmt::format_to(std::back_inserter(texts[name]), "{} {}\n", name, values[i]);
    }
  }
  std::string out;
  for (const auto& [name, text] : texts) out += text;
  return out;
}

}  // namespace attune
