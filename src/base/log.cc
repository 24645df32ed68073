#include "base/log.h"

#include <fmt/chrono.h>

#include <atomic>
#include <chrono>
#include <cstdio>

namespace attune {
namespace {

std::atomic<LogLevel> level_min{LogLevel::kInfo};

std::string_view Label(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info ";
    case LogLevel::kWarning: return "warn ";
    case LogLevel::kError: return "error";
  }
  return "?";
}

}  // namespace

void SetLogLevel(LogLevel level) { level_min = level; }

void LogLine(LogLevel level, std::string_view message) {
  if (level < level_min.load(std::memory_order_relaxed)) return;
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto ms = now.time_since_epoch().count() % 1000;
  const auto line = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {} {}\n",
                                fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms, Label(level), message);
  std::fwrite(line.data(), 1, line.size(), stderr);  // One call, so lines of several threads do not mix.
}

}  // namespace attune
