#include "cli/serve_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "cli/machine_memory.h"

namespace attune {
namespace {

constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 50;
constexpr std::uint64_t kHeaderBytesMax = 1 << 20;
constexpr std::uint64_t kConnectionsMax = 1'000'000;
constexpr std::uint64_t kThreadsMax = 1024;
constexpr std::size_t kGroupItemsMax = 10'000'000;  // Some 40 bytes each.
constexpr std::size_t kLiveItemsMax = 500'000;      // With a catalogue as large within the million of a posterior.
constexpr std::size_t kServedListsMax = 100'000'000;
constexpr std::uint64_t kQuotaMax = 1'000'000;
constexpr std::uint64_t kOperationsLimit = 1'000'000'000'000'000'000;
constexpr std::size_t kAccountIdDigits = 12;
constexpr std::size_t kRegionBytesMax = 64;

/// Fills `list` with what stands between commas, once `check` has said Ok to each.
template <class Check>
Status SetList(std::string_view text, std::vector<std::string>* list, Check check) {
  list->clear();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    ATTUNE_RETURN_IF_ERROR(check(text.substr(0, end)));
    list->emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

Status CheckOrigin(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  const bool is_origin = scheme != std::string_view::npos && scheme > 0 && origin.size() > scheme + 3 &&
                         origin.find('/', scheme + 3) == std::string_view::npos;
  if (origin == "*" || is_origin) return {};
  return InvalidArgument(fmt::format("'{}' is not an origin, such as https://shop.example or *", origin));
}

Status CheckDomain(std::string_view domain) {
  const bool is_name = std::ranges::all_of(
      domain, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
  if (is_name && !domain.empty() && !domain.starts_with('.') && !domain.ends_with('.')) return {};
  return InvalidArgument(fmt::format("'{}' is not a domain in lower case, such as s3.example.com", domain));
}

void AddServerOptions(ServeOptions* options, OptionTable* table) {
  ApplicationOptions& application = options->application;
  table->AddText("data-dir", "DIR", "Everything the server keeps lies in this folder.", &application.data_dir);
  table->AddText("listen", "ADDRESS:PORT",
                 "Where to listen: an IPv4 address or an IPv6 address in brackets; port 0 takes any that is free.",
                 &options->listen);
  table->AddText("port-file", "FILE", "Write the port here once the server listens.", &options->port_file);
  table->Add("region", "REGION", application.region, "The region in ARNs where a request names none.",
             [&application](std::string_view value) -> Status {
               const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
               if (value.empty() || value.size() > kRegionBytesMax || !std::ranges::all_of(value, fits)) {
                 return InvalidArgument(fmt::format("'{}' is not a region: 1 to {} lower-case letters, digits and '-'",
                                                    value, kRegionBytesMax));
               }
               application.region = value;
               return {};
             });
  table->Add("account-id", "ID", application.account_id, "The account in ARNs.",
             [&application](std::string_view value) -> Status {
               const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
               if (value.size() != kAccountIdDigits || !std::ranges::all_of(value, is_digit)) {
                 return InvalidArgument(fmt::format("'{}' is not an account id: {} digits", value, kAccountIdDigits));
               }
               application.account_id = value;
               return {};
             });
  table->AddNumber("free-disk-bytes-min", "BYTES", 0, kBytesMax,
                   "With less room on the disk of DIR, nothing is taken in; reading and deleting go on.",
                   &application.free_disk_bytes_min);
  table->AddNumber("score-cache-bytes-max", "BYTES", 0, kBytesMax,
                   "Memory for the scores of people who ask again before they did anything; 0 keeps none.",
                   &application.score_cache_bytes_max);
  table->AddNumber("slate-cache-bytes-max", "BYTES", 0, kBytesMax,
                   "Memory for what their lists are drawn from, while nobody does anything; 0 keeps none.",
                   &application.slate_cache_bytes_max);
  table->Add("log-level", "LEVEL", "info", "debug, info, warning or error; debug tells every request.",
             [options](std::string_view value) -> Status {
               constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};
               const auto found = std::ranges::find(kNames, value);
               if (found == std::end(kNames)) {
                 return InvalidArgument(fmt::format("'{}' is none of debug, info, warning, error", value));
               }
               options->log_level = static_cast<LogLevel>(found - std::begin(kNames));
               return {};
             });
}

void AddServedListOptions(ServeOptions* options, OptionTable* table) {
  ServedLists::Limits& limits = options->application.served_lists;
  table->Section("What was recommended under which recommendationId (events name it, and exploration learns from it)");
  table->AddMilliseconds("served-lists-keep", "A list is remembered so many milliseconds.", &limits.keep_for);
  table->AddNumber("served-lists-max", "N", 16, kServedListsMax,
                   "Lists; the oldest make room. About 50 bytes of memory each.", &limits.lists_max);
  table->AddNumber("served-lists-bytes-max", "BYTES", std::uint64_t{1} << 20, kBytesMax,
                   "What they take on disk, likewise.", &limits.bytes_max);
}

void AddLiveItemOptions(ServeOptions* options, OptionTable* table) {
  LiveCatalogue::Limits& limits = options->application.live_items;
  table->Section("Items that a campaign recommends though they came after its training (more are refused)");
  table->AddNumber("live-items-put-max", "N", 0, kLiveItemsMax, "Put one by one with PutItems.", &limits.put_items_max);
  table->AddNumber("live-items-named-max", "N", 0, kLiveItemsMax, "Named by nothing but an event.",
                   &limits.named_items_max);
  table->AddNumber("live-items-group-max", "N", 0, kGroupItemsMax,
                   "In each dataset group that no campaign serves, put or named since it was made.",
                   &options->application.group_items_put_max);
}

void AddRecommendationLogOptions(ServeOptions* options, OptionTable* table) {
  RecommendationLog::Options& log = options->application.recommendation_log;
  table->Section("The recommendation log in DIR/recommendations (attune evaluate-policy reads it)");
  table->AddNumber("recommendation-log-percent", "N", 0, 100,
                   "Of the recommendations, with their events, so many are logged; 0 turns the log off.", &log.percent);
  table->AddNumber("recommendation-log-bytes-max", "BYTES", std::uint64_t{1} << 20, kBytesMax,
                   "What it takes on disk, gzipped; the oldest make room.", &log.bytes_max);
}

void AddCredentialOptions(ServeOptions* options, OptionTable* table) {
  table->Section("The administrator's key (made at the first start, in DIR/credentials, unless given here)");
  table->AddText("access-key-id", "ID", "3 to 128 characters.", &options->access_key_id);
  table->AddText("secret-access-key", "SECRET",
                 "16 characters or more. Better in the environment or the file: others can see command lines.",
                 &options->secret_access_key);
}

void AddWebOptions(ServeOptions* options, OptionTable* table) {
  table->Section("HTTPS, and programs in web pages");
  table->AddText("tls-certificate", "FILE",
                 "The certificate and the chain above it, PEM: the server then speaks HTTPS. SIGHUP reads it again.",
                 &options->tls_certificate);
  table->AddText("tls-key", "FILE", "The certificate's private key, PEM, without pass phrase.", &options->tls_key);
  table->Add("cors-origins", "ORIGIN,...", "",
             "Pages of these origins may call the server from a browser; * stands for all. None unless given.",
             [options](std::string_view value) {
               return SetList(value, &options->application.router.cors_origins, CheckOrigin);
             });
}

void AddS3Options(ServeOptions* options, OptionTable* table) {
  table->Section("S3 by name of host");
  table->Add(
      "s3-domains", "DOMAIN,...", "",
      "bucket.DOMAIN in the Host header names a bucket; DOMAIN and *.DOMAIN must lead here. Known without it: "
      "localhost, s3.localhost and those of AWS.",
      [options](std::string_view value) { return SetList(value, &options->application.s3_domains, CheckDomain); });
}

void AddHttpOptions(ServeOptions* options, OptionTable* table) {
  HttpServerOptions& http = options->application.http;
  HttpLimits& limits = http.limits;
  table->Section("Limits of HTTP");
  table->AddNumber("http-threads", "N", 0, kThreadsMax, "Threads that answer; 0 takes 4 for each core and at least 16.",
                   &http.thread_count);
  table->AddNumber("http-connections-max", "N", 1, kConnectionsMax, "Connections at a time; more get 503.",
                   &limits.connections_max);
  table->AddNumber("http-connections-per-peer-max", "N", 1, kConnectionsMax,
                   "Connections from one address; more get 503.", &limits.connections_per_peer_max);
  table->AddNumber("http-target-bytes-max", "BYTES", 64, kHeaderBytesMax, "Path and query; longer ones get 414.",
                   &limits.target_bytes_max);
  table->AddNumber("http-header-bytes-max", "BYTES", 1024, kHeaderBytesMax,
                   "Request line and header fields; more get 431.", &limits.header_bytes_max);
  table->AddNumber("http-header-count-max", "N", 16, 100'000, "Header fields; more get 431.", &limits.header_count_max);
  table->AddNumber("http-body-bytes-max", "BYTES", 0, kBytesMax,
                   "A request's body, whatever the operation takes; larger ones get 413.", &limits.body_bytes_max);
  table->AddMilliseconds("http-idle-time-max", "A connection without request is closed after so many milliseconds.",
                         &limits.idle_time_max);
  table->AddMilliseconds("http-header-time-max", "A header must be there after so many milliseconds, or it gets 408.",
                         &limits.header_time_max);
  table->AddMilliseconds("http-stall-time-max",
                         "A body that stops for so many milliseconds gets 408; a response that is not read is ended.",
                         &limits.stall_time_max);
  table->AddNumber("http-bytes-per-second-min", "BYTES", 1, kBytesMax,
                   "The least average speed of a body or response, as above.", &limits.bytes_per_second_min);
  table->AddMilliseconds("http-rate-grace", "The speed is not looked at for so many milliseconds.", &limits.rate_grace);
  table->AddMilliseconds("http-linger-time-max",
                         "After a refusal, what still comes is thrown away for so many milliseconds.",
                         &limits.linger_time_max);
  table->AddMilliseconds("stop-time-max", "Requests in flight may take so many milliseconds when the server stops.",
                         &http.stop_time_max);
}

void AddQuotaOptions(ServeOptions* options, OptionTable* table) {
  Limits& limits = options->application.limits;
  const auto add = [table](const char* name, const char* help, std::size_t* target) {
    table->AddNumber(name, "N", 0, kQuotaMax, help, target);
  };
  table->Section("Quotas of the Personalize API (more get LimitExceededException)");
  add("quota-dataset-groups", "Dataset groups of a region.", &limits.dataset_groups);
  add("quota-schemas", "Schemas of a region.", &limits.schemas);
  add("quota-import-jobs", "Dataset import jobs of a region that are pending or in progress.",
      &limits.import_jobs_in_progress);
  add("quota-export-jobs", "Dataset export jobs of a region that are pending or in progress.",
      &limits.export_jobs_in_progress);
  add("quota-solution-versions", "Solution versions of a region that are pending or in progress.",
      &limits.solution_versions_in_progress);
  add("quota-solutions", "Solutions of a dataset group.", &limits.solutions_per_group);
  add("quota-campaigns", "Campaigns of a dataset group.", &limits.campaigns_per_group);
  add("quota-event-trackers", "Event trackers of a dataset group.", &limits.event_trackers_per_group);
  add("quota-filters", "Filters of a dataset group.", &limits.filters_per_group);
  add("quota-filter-columns", "Distinct columns over all filters of a dataset group.",
      &limits.filter_columns_per_group);
}

void AddFilterOptions(ServeOptions* options, OptionTable* table) {
  table->Section("Filters");
  table->AddNumber("filter-events-per-type", "N", 1, kQuotaMax,
                   "How many of a user's newest interactions of each event type filters see.",
                   &options->application.filter_history.events_per_type_max);
}

void AddExternalStoreOptions(ServeOptions* options, OptionTable* table) {
  ExternalStore& store = options->application.external_store;
  table->Section("An S3-compatible store elsewhere, for all objects, instead of the data directory");
  table->AddText("s3-endpoint", "URL", "https://host:port or http://host:port of the store; none unless given.",
                 &store.endpoint);
  table->AddText("s3-region", "REGION", "The region that requests to the store are signed for.", &store.region);
  table->AddText("s3-access-key-id", "ID", "The key that requests to the store are signed with.", &store.access_key_id);
  table->AddText("s3-secret-access-key", "SECRET", "Its secret. Better in the environment or the file.",
                 &store.secret_access_key);
  table->AddText("s3-authorities", "FILE", "Certificates to trust, PEM; the system's unless given.",
                 &store.authorities_file);
}

void AddAutomaticOptions(ServeOptions* options, OptionTable* table) {
  AutomaticWorkOptions& automatic = options->application.automatic;
  table->Section("What the server begins by itself");
  table->AddMilliseconds("automatic-update-every",
                         "Between two updates of the newest FULL version behind a campaign, in milliseconds.",
                         &automatic.update_every);
  table->AddMilliseconds("automatic-training-after",
                         "From a solution with performAutoTraining to its first training, in milliseconds.",
                         &automatic.first_training_after);
}

void AddTrainingOptions(ServeOptions* options, OptionTable* table) {
  TrainingLimits& training = options->application.training;
  training.memory_bytes_max = MachineMemoryBytes() / 10 * 9;
  table->Section("What a training may take");
  table->AddNumber("training-threads", "N", 0, kThreadsMax,
                   "Threads that compute, at a lower priority than serving; 0 takes one for each core.",
                   &training.threads);
  table->AddNumber("training-memory-bytes-max", "BYTES", 0, kBytesMax,
                   "A training that needs more fails before it begins; nine tenths of the machine's unless given, 0 "
                   "for no limit.",
                   &training.memory_bytes_max);
  table->Add("training-operations-max", "N", "by the size of the data",
             "Floating-point operations that the sequence model may take to learn, about 1e11 a second on a core with "
             "AVX-512; 0 leaves it out, and the other models recommend.",
             [&training](std::string_view value) -> Status {
               ATTUNE_TRY(const std::uint64_t number, OptionTable::ParseNumber(value, 0, kOperationsLimit));
               training.sequence_operations_max = static_cast<double>(number);
               return {};
             });
}

}  // namespace

OptionTable ServeOptionTable(ServeOptions* options) {
  OptionTable table("attune serve [OPTION...]",
                    "Runs the server until SIGTERM or SIGINT: the Amazon Personalize API, and the parts of S3, IAM\n"
                    "and STS that its clients call, on one port.");
  AddServerOptions(options, &table);
  AddServedListOptions(options, &table);
  AddRecommendationLogOptions(options, &table);
  AddLiveItemOptions(options, &table);
  AddCredentialOptions(options, &table);
  AddWebOptions(options, &table);
  AddS3Options(options, &table);
  AddExternalStoreOptions(options, &table);
  AddQuotaOptions(options, &table);
  AddFilterOptions(options, &table);
  AddAutomaticOptions(options, &table);
  AddTrainingOptions(options, &table);
  AddHttpOptions(options, &table);
  return table;
}

Status FinishServeOptions(ServeOptions* options) {
  const std::string& listen = options->listen;
  const std::size_t colon = listen.rfind(':');
  std::string address = listen.substr(0, colon);
  const auto port =
      OptionTable::ParseNumber(colon == std::string::npos ? "" : std::string_view(listen).substr(colon + 1), 0,
                               std::numeric_limits<std::uint16_t>::max());
  const bool has_brackets = address.starts_with('[') && address.ends_with(']');
  if (!port.ok() || address.empty() || (address.find(':') != std::string::npos && !has_brackets)) {
    return InvalidArgument(
        fmt::format("--listen: '{}' is not ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080", listen));
  }
  if (has_brackets) address = address.substr(1, address.size() - 2);
  options->application.http.address = address;
  options->application.http.port = static_cast<std::uint16_t>(*port);
  options->application.router.access_log = options->log_level == LogLevel::kDebug;

  const ExternalStore& store = options->application.external_store;
  if (!store.endpoint.empty() && (store.access_key_id.empty() || store.secret_access_key.empty())) {
    return InvalidArgument(
        fmt::format("s3-endpoint is {}; s3-access-key-id and s3-secret-access-key belong to it", store.endpoint));
  }
  if (options->tls_certificate.empty() != options->tls_key.empty()) {
    return InvalidArgument("tls-certificate and tls-key belong together; set both or none");
  }
  if (options->access_key_id.empty() != options->secret_access_key.empty()) {
    return InvalidArgument(fmt::format("{} is set and {} is not; set both or none",
                                       options->access_key_id.empty() ? "secret-access-key" : "access-key-id",
                                       options->access_key_id.empty() ? "access-key-id" : "secret-access-key"));
  }
  if (options->access_key_id.empty()) return {};
  options->application.administrator = AccessKey{options->access_key_id, options->secret_access_key};
  return CheckAccessKey(*options->application.administrator);
}

Result<std::optional<TlsIdentity>> ReadTlsIdentity(Env& env, const ServeOptions& options) {
  if (options.tls_certificate.empty()) return std::optional<TlsIdentity>();
  ATTUNE_TRY(std::string certificate_pem, env.ReadFile(options.tls_certificate));
  ATTUNE_TRY(std::string key_pem, env.ReadFile(options.tls_key));
  return std::optional<TlsIdentity>({std::move(certificate_pem), std::move(key_pem)});
}

}  // namespace attune
