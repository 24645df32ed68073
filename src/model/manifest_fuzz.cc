// Any bytes as the manifest of an artifact, and again as what stands within a manifest whose checksum is right:
// Corrupt, or one that is written and reads back the same.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "model/artifact.h"
#include "storage/memory_env.h"

namespace {

void Check(const std::string& text) {
  attune::MemoryEnv env;
  ATTUNE_CHECK(env.CreateDirectory("/artifact").ok());
  ATTUNE_CHECK(env.WriteFileAtomically(std::string("/artifact/") + attune::Manifest::kFileName, text).ok());
  const auto manifest = attune::ReadManifest(env, "/artifact");
  if (!manifest.ok()) {
    ATTUNE_CHECK(manifest.status().code() == attune::Code::kCorrupt);
    return;
  }
  ATTUNE_CHECK(env.CreateDirectory("/copy").ok());
  ATTUNE_CHECK(attune::WriteManifest(env, "/copy", *manifest).ok());
  const auto again = attune::ReadManifest(env, "/copy");
  ATTUNE_CHECK(again.ok() && again->recipe == manifest->recipe && again->members == manifest->members &&
               again->chosen == manifest->chosen && again->log_sequence == manifest->log_sequence &&
               again->fitted_log_sequence == manifest->fitted_log_sequence);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Check(text);
  Check(fmt::format("{{\"crc32c\":\"{:08x}\",\"manifest\":{}}}\n", attune::Crc32c(attune::AsBytes(text)), text));
  return 0;
}
