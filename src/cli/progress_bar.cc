#include "cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace attune {

ProgressBar::ProgressBar(std::string title) : title_(std::move(title)), is_terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (is_terminal_) std::fputs("\r\x1b[K", stderr);
}

void ProgressBar::Show(double fraction, std::string_view step) {
  if (!is_terminal_) return;
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
