#include "cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace attune {
namespace {

constexpr std::chrono::seconds kBetweenLines{10};

}  // namespace

ProgressBar::ProgressBar(std::string title)
    : title_(std::move(title)),
      is_terminal_(isatty(STDERR_FILENO) == 1),
      next_line_(std::chrono::steady_clock::now() + kBetweenLines) {}

ProgressBar::~ProgressBar() {
  if (is_terminal_) std::fputs("\r\x1b[K", stderr);
}

void ProgressBar::Show(double fraction, std::string_view step) {
  if (!is_terminal_) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_line_) return;
    next_line_ = now + kBetweenLines;
    fmt::print(stderr, "{} {:3.0f} % {}\n", title_, 100 * fraction, step);
    return;
  }
  constexpr std::size_t kWidth = 30;
  const auto filled = static_cast<std::size_t>(std::clamp(fraction, 0.0, 1.0) * kWidth);
  fmt::print(stderr, "\r\x1b[K{} [{:<{}}] {:3.0f} % {}", title_, std::string(filled, '='), kWidth, 100 * fraction,
             step);
  std::fflush(stderr);
}

void ProgressBar::Step(std::string_view step) {
  Show(fraction_, step);
  fraction_ = std::min(fraction_ + 1 / kStepsExpected, 0.99);
}

}  // namespace attune
