#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "base/aws_signature.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "cli/option_table.h"
#include "cli/system_sources.h"
#include "cli/verbs.h"
#include "server/administration_service.h"
#include "server/administrator.h"
#include "storage/curl_transport.h"
#include "storage/posix_env.h"

namespace attune {
namespace {

/// A backup answers when it is done.
constexpr std::chrono::hours kAnswerWithin{24};
constexpr std::uint64_t kReplyBytesMax = 64 << 10;

struct BackupOptions {
  std::string url = "http://127.0.0.1:8080";
  std::string data_dir = "attune-data";
  std::string to;
  std::string authorities;
  AccessKey key;
};

OptionTable BackupOptionTable(BackupOptions* options) {
  OptionTable table(
      "attune backup --to DIR [OPTION...]",
      "Copies the data directory of a running server to a new folder on the server's machine. To restore,\n"
      "start a server on a copy of that folder.");
  table.AddText("to", "DIR", "The folder to make; it holds everything that was acknowledged before.", &options->to);
  table.AddText("url", "URL", "Where the server listens.", &options->url);
  table.AddText("data-dir", "DIR", "Where the administrator's key is, unless it is given.", &options->data_dir);
  table.AddText("access-key-id", "ID", "The administrator's key.", &options->key.id);
  table.AddText("secret-access-key", "SECRET", "Its secret.", &options->key.secret);
  table.AddText("authorities", "FILE", "PEM file of the authorities to trust for https, instead of the system's.",
                &options->authorities);
  return table;
}

Status FinishOptions(Env& env, BackupOptions* options) {
  if (options->to.empty()) return InvalidArgument("--to is missing: it names the folder to make");
  std::error_code error;
  options->to = std::filesystem::absolute(options->to, error).lexically_normal().string();
  while (options->to.size() > 1 && options->to.ends_with('/')) options->to.pop_back();
  while (options->url.ends_with('/')) options->url.pop_back();
  if (options->url.find("://") == std::string::npos) {
    return InvalidArgument(fmt::format("--url: '{}' does not begin with http:// or https://", options->url));
  }
  if (!options->key.id.empty()) return {};
  ATTUNE_TRY(options->key, ReadCredentialsFile(env, JoinPath(options->data_dir, "credentials")));
  return {};
}

/// The body of the answer; what the server says is wrong is the error.
Result<std::string> Ask(const BackupOptions& options) {
  ATTUNE_TRY(const auto transport,
             CurlTransport::Open(
                 {.endpoint = options.url, .idle_timeout = kAnswerWithin, .authorities_file = options.authorities}));
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  writer.Key("to");
  writer.String(options.to);
  writer.EndObject();
  HttpCall call{.method = "POST", .path = std::string(AdministrationService::kBackupPath), .body = body};
  call.headers = {{"Host", options.url.substr(options.url.find("://") + 3)}, {"Content-Type", "application/json"}};
  const std::string body_hash = ToHex(Sha256(body));
  const SystemClock clock;
  const auto signature = SignHeaders({.access_key_id = options.key.id, .secret_access_key = options.key.secret},
                                     {.method = call.method,
                                      .path = call.path,
                                      .headers = call.headers,
                                      .payload_hash = body_hash,
                                      .unix_ms = clock.UnixMilliseconds(),
                                      .region = "us-east-1",
                                      .service = AdministrationService::kName});
  if (!signature) return Internal("the request cannot be signed");
  call.headers.insert(call.headers.end(), signature->begin(), signature->end());
  const HttpReply reply = transport->Send(call, kReplyBytesMax);
  ATTUNE_RETURN_IF_ERROR(reply.transfer);
  if (reply.status == 200) return reply.body;
  const auto document = JsonDocument::Parse(reply.body);
  std::string_view message;
  if (document.ok() && document->root()["message"].get(message) == simdjson::SUCCESS) {
    return Internal(std::string(message));
  }
  return Internal(fmt::format("the server answered {}: {}", reply.status, reply.body));
}

}  // namespace

int BackUp(std::span<const std::string> arguments) {
  PosixEnv env;
  BackupOptions options;
  OptionTable table = BackupOptionTable(&options);
  const auto outcome = table.Parse(arguments, SystemSources(env));
  if (outcome.ok() && *outcome == OptionTable::Outcome::kHelp) {
    std::fputs(table.Help().c_str(), stdout);
    return 0;
  }
  const Status checked = outcome.ok() ? FinishOptions(env, &options) : outcome.status();
  const auto answer = checked.ok() ? Ask(options) : Result<std::string>(checked);
  if (!answer.ok()) {
    fmt::print(stderr, "attune backup: {}\n", answer.status().message());
    return checked.ok() ? 1 : 2;
  }
  fmt::print("{} {}\n", options.to, *answer);
  return 0;
}

}  // namespace attune
