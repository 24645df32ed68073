// Any text as the file that --config names and as the administrator's credentials: an error, or options that their own
// bounds allow, and a key that is written and read again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "cli/serve_options.h"
#include "server/administrator.h"
#include "storage/memory_env.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const OptionSources sources{.environment = [](const std::string&) { return std::optional<std::string>(); },
                              .read_file = [&](const std::string&) { return Result<std::string>(text); }};
  ServeOptions options;
  const std::vector<std::string> arguments{"--config", "/config"};
  const auto parsed = ServeOptionTable(&options).Parse(arguments, sources);
  if (!parsed.ok()) ATTUNE_CHECK(parsed.status().code() == Code::kInvalidArgument);

  MemoryEnv env;
  ATTUNE_CHECK(env.WriteFileAtomically("/credentials", text).ok());
  const auto key = ReadCredentialsFile(env, "/credentials");
  if (!key.ok()) {
    ATTUNE_CHECK(key.status().code() == Code::kCorrupt);
    return 0;
  }
  ATTUNE_CHECK(WriteCredentialsFile(env, "/again", *key).ok());
  const auto again = ReadCredentialsFile(env, "/again");
  ATTUNE_CHECK(again.ok() && again->id == key->id && again->secret == key->secret);
  return 0;
}
