#include "storage/file_fence.h"

namespace attune {

void FileFence::Close() {
  const WriterLock lock(closing_);
  is_closed_ = true;
}

void FileFence::NoteTornEnd(const std::string& path, std::uint64_t synced_bytes) {
  const MutexLock lock(mutex_);
  torn_.emplace(path, synced_bytes);
}

Status FileFence::CutTornEnds(Env& env) {
  const MutexLock lock(mutex_);
  while (!torn_.empty()) {
    const auto& [path, synced_bytes] = *torn_.begin();
    const Status cut = env.Truncate(path, synced_bytes);
    if (!cut.ok() && cut.code() != Code::kNotFound) return cut;
    torn_.erase(torn_.begin());
  }
  return {};
}

}  // namespace attune
