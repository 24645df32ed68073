#include "serve/slate_cache.h"

#include "base/bytes.h"

namespace attune {
namespace {

template <class T>
bool IsOf(const std::weak_ptr<const T>& kept, const std::shared_ptr<const T>& asked) {
  return !kept.owner_before(asked) && !asked.owner_before(kept);
}

}  // namespace

std::string SlateCache::KeyOf(const Request& request) {
  std::string key;
  ByteWriter writer(&key);
  writer.Number(reinterpret_cast<std::uintptr_t>(request.exploration.get()));
  writer.Number(reinterpret_cast<std::uintptr_t>(request.scores.get()));
  writer.Number(static_cast<std::uint64_t>(request.slate.size));
  writer.Number(request.slate.weight);
  writer.Number(request.slate.age_cut_off_days);
  if (request.slate.kept != nullptr) {
    for (const std::uint64_t word : request.slate.kept->words()) writer.Number(word);
  }
  return key;
}

SlateCache::Prepared SlateCache::Find(const Request& request, std::uint64_t revision) {
  const auto found = cache_.Find(KeyOf(request), [&](const Kept& kept) {
    return kept.revision == revision && IsOf(kept.exploration, request.exploration) &&
           IsOf(kept.scores, request.scores) && (!request.tells_drawn_from || !kept.prepared->drawn_from().empty());
  });
  return found ? found->prepared : nullptr;
}

void SlateCache::Keep(const Request& request, std::uint64_t revision, Prepared prepared) {
  const std::uint64_t bytes = prepared->bytes();
  cache_.Keep(KeyOf(request),
              {.exploration = request.exploration,
               .scores = request.scores,
               .revision = revision,
               .prepared = std::move(prepared)},
              bytes);
}

}  // namespace attune
