// Any bytes as a file of the recommendation log, plain or gzipped: Corrupt, or lines that are counted as bad or
// understood, from which policies can be estimated. A line that is understood is written and read again.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/thread_pool.h"
#include "cli/policy_estimates.h"
#include "cli/policy_log.h"
#include "explore/gaussian_thompson.h"
#include "explore/greedy.h"

namespace {

/// A file in memory, with a path that any reader opens.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(memfd_create("log", 0)) {
    ATTUNE_CHECK(descriptor_ >= 0);
    ATTUNE_CHECK(write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  const int descriptor_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kListsMax = 3;
  static attune::ThreadPool pool(1, 16);
  static const std::vector<attune::PolicyQuestion> questions{
      {.policy = std::make_shared<attune::GaussianThompson>(attune::GaussianThompson::Options{.propensity_draws = 0}),
       .weight = 0.3},
      {.policy = std::make_shared<attune::Greedy>(), .weight = 0}};
  const MemoryFile file({reinterpret_cast<const char*>(data), size});
  const auto log = attune::ReadPolicyLog(file.path(), "", kListsMax);
  if (!log.ok()) {
    ATTUNE_CHECK(log.status().code() == attune::Code::kCorrupt);
    return 0;
  }
  attune::JsonParser parser;
  for (const auto& list : log->lists) {
    const std::string line = attune::EncodeLogLine(list.record);
    const auto again = attune::DecodeLogLine(parser, line);
    ATTUNE_CHECK(again.ok());
    ATTUNE_CHECK(attune::EncodeLogLine(std::get<attune::RecommendationRecord>(*again)) == line);
  }
  (void)attune::AnswerPolicyQuestions(*log, questions, {.draw_count = 3}, pool, [](double) {});
  return 0;
}
