#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace attune {

/// How far a long computation is, on one line of standard error, which is wiped when the bar goes; where that is no
/// terminal, a line of its own every ten seconds. One thread at a time.
class ProgressBar {
 public:
  explicit ProgressBar(std::string title);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `fraction` of the whole, 0 … 1.
  void Show(double fraction, std::string_view step);
  /// The next of about kStepsExpected steps begins.
  void Step(std::string_view step);

  static constexpr double kStepsExpected = 14;

 private:
  const std::string title_;
  const bool is_terminal_;
  std::chrono::steady_clock::time_point next_line_;
  double fraction_ = 0;
};

}  // namespace attune
