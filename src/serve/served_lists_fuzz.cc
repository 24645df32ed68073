// Any bytes as a file of served lists, and again as one record whose checksum is right: it opens or is Corrupt, every
// list that it tells of can be asked for, and the next list is remembered. The input begins with the id that is asked.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "serve/served_lists.h"
#include "storage/memory_env.h"

namespace {

void Check(const std::string& id, const std::string& bytes) {
  attune::MemoryEnv env;
  ATTUNE_CHECK(env.CreateDirectory("/lists").ok());
  ATTUNE_CHECK(env.WriteFileAtomically("/lists/000000000001.lists", bytes).ok());
  const attune::FakeClock clock(1'600'000'000'000);
  const auto lists = attune::ServedLists::Open(env, "/lists", clock);
  if (!lists.ok()) {
    ATTUNE_CHECK(lists.status().code() == attune::Code::kCorrupt);
    return;
  }
  attune::Event event{.item_id = "a", .recommendation_id = id};
  (*lists)->Resolve(&event);
  if (const auto found = (*lists)->Find(id)) {
    ATTUNE_CHECK(found->item_ids.size() == found->scores.size());
    ATTUNE_CHECK(found->item_ids.size() == found->propensities.size());
  }
  ATTUNE_CHECK((*lists)->Remember("another", {.item_ids = {"a"}, .scores = {-1}, .propensities = {1}}).ok());
  ATTUNE_CHECK((*lists)->Find("another").has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kIdBytes = 4;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::string id = bytes.substr(0, kIdBytes);
  const std::string file = bytes.substr(id.size());
  Check(id, file);
  // Layout, then the id, then what the input says.
  std::string payload;
  attune::ByteWriter writer(&payload);
  writer.Number(std::uint8_t{1});
  writer.String(id);
  payload += file;
  std::string record;
  attune::ByteWriter head(&record);
  head.Number(static_cast<std::uint32_t>(payload.size()));
  head.Number(attune::Crc32c(attune::AsBytes(payload)));
  Check(id, record + payload);
  return 0;
}
