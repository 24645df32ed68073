#pragma once

#include <fmt/format.h>

#include <string_view>

namespace attune {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// Lines below this level are dropped. Set once, by main. Default: kInfo.
void SetLogLevel(LogLevel level);

/// One line on standard error: "2026-11-23T15:04:05.678Z info  message". Thread-safe.
void LogLine(LogLevel level, std::string_view message);

template <class... Args>
void LogInfo(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void LogWarning(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void LogError(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace attune
