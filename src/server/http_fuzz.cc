// Any bytes as a request: whatever the pieces are in which they arrive, it is complete with the same body or in none.
// The first byte is the size of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "server/request_parser.h"

namespace {

using attune::RequestParser;
using Step = RequestParser::Step;

class Sink final : public attune::HttpExchange {
 public:
  std::uint64_t body_bytes_max() const override { return 200; }
  attune::Status OnBody(std::span<const std::byte> part) override {
    body.append(reinterpret_cast<const char*>(part.data()), part.size());
    return {};
  }
  attune::HttpResponse Finish() override { return {}; }

  std::string body;
};

struct Outcome {
  Step step = Step::kNeedMore;
  std::string target;
  std::string body;
};

Outcome Feed(std::string_view text, std::size_t piece) {
  const attune::HttpLimits limits{.target_bytes_max = 50, .header_bytes_max = 300, .header_count_max = 10};
  RequestParser parser(limits);
  Sink sink;
  Outcome outcome;
  std::string held;
  for (;;) {
    std::size_t used = 0;
    outcome.step = parser.Put(held, &used);
    ATTUNE_CHECK(used <= held.size());
    held.erase(0, used);
    const bool began = outcome.step == Step::kHead;
    if (began) {
      outcome.target = parser.TakeHead().target;
      outcome.step = parser.SetExchange(&sink);
    }
    if (outcome.step != Step::kNeedMore) break;
    if (began) continue;
    if (text.empty()) break;
    held += text.substr(0, piece);
    text.remove_prefix(std::min(piece, text.size()));
  }
  outcome.body = sink.body;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = Feed(text, std::max<std::size_t>(text.size(), 1));
  const Outcome pieces = Feed(text, std::max<std::size_t>(data[0], 1));
  // What is wrong may be told later in pieces, where the end of the header is waited for.
  ATTUNE_CHECK((whole.step == Step::kDone) == (pieces.step == Step::kDone));
  if (whole.step == Step::kDone) {
    ATTUNE_CHECK(whole.target == pieces.target);
    ATTUNE_CHECK(whole.body == pieces.body);
  }
  return 0;
}
