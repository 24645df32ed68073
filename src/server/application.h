#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/identity_store.h"
#include "access/role_access.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "catalog/catalog.h"
#include "jobs/job_environment.h"
#include "jobs/runner.h"
#include "protocol/service.h"
#include "server/administrator.h"
#include "server/backup.h"
#include "server/http_server.h"
#include "server/json_service.h"
#include "server/router.h"
#include "services/access/authorizer.h"
#include "services/access/credential_store.h"
#include "services/limits.h"
#include "services/operations.h"
#include "services/personalize_events/ingest_index.h"
#include "services/personalize_runtime/runtime_index.h"
#include "storage/curl_transport.h"
#include "storage/data_directory.h"
#include "storage/env.h"
#include "storage/key_value_store.h"
#include "storage/object_store.h"
#include "storage/s3_client.h"
#include "storage/write_gate.h"

namespace attune {

/// An S3-compatible store elsewhere, that holds the objects instead of the data directory.
struct ExternalStore {
  std::string endpoint;  ///< "https://host:port"; empty: objects are kept in the data directory.
  std::string region = "us-east-1";
  std::string access_key_id;
  std::string secret_access_key;
  std::string authorities_file;  ///< PEM file of the authorities to trust; empty: the system's.
};

struct ApplicationOptions {
  std::string data_dir = "attune-data";
  std::string region = "us-east-1";
  std::string account_id = "123456789012";
  /// Instead of the one in the data directory.
  std::optional<AccessKey> administrator;
  Limits limits;
  ServedLists::Limits served_lists;
  RecommendationLog::Options recommendation_log;
  std::uint64_t score_cache_bytes_max = ScoreCache::kBytesMaxDefault;
  std::uint64_t slate_cache_bytes_max = SlateCache::kBytesMaxDefault;
  ExternalStore external_store;
  std::vector<std::string> s3_domains = {};                      ///< As S3Service::Options::domains.
  std::uint64_t free_disk_bytes_min = std::uint64_t{256} << 20;  ///< With less, nothing is taken in.
  FilterHistory::Limits filter_history;
  AutomaticWorkOptions automatic;
  TrainingLimits training;
  LiveCatalogue::Limits live_items;
  std::size_t group_items_put_max = PutIds::kMax;  ///< Of each dataset group that no campaign serves.
  HttpServerOptions http;
  Router::Options router;
};

/// The server: everything that answers requests and everything that works between them, in one owner. Members stand in
/// the order of their construction; each uses those above it alone, so they go in the opposite order. One thread at a
/// time.
class Application {
 public:
  /// Takes the data directory and brings everything up; nothing is listened to yet. `env`, `clock` and `entropy` must
  /// outlive it. Errors are for a person to read.
  static Result<std::unique_ptr<Application>> Open(Env& env, const Clock& clock, Entropy& entropy,
                                                   ApplicationOptions options);
  /// Stops.
  ~Application();

  /// Answers from now on.
  Status Listen();
  /// Ends what is in flight, then everything else. What was not finished goes on at the next start.
  void Stop();

  /// Reads the administrator's key from the data directory again, where it was not given at the start: false then.
  /// After an error the key is what it was.
  Result<bool> ReloadAdministrator();

  /// See HttpServer. Requires Listen.
  Status SetTlsIdentity(const TlsIdentity& identity) { return http_server_->SetTlsIdentity(identity); }

  std::uint16_t port() const { return http_server_->port(); }
  const AccessKey& administrator() const { return administrator_; }
  const DataDirectory& directory() const { return *directory_; }
  Metrics& metrics() { return metrics_; }
  /// Whether this start made the administrator's key.
  bool is_first_start() const { return is_first_start_; }

  /// Bodies of JSON requests held at a time, over all connections.
  static constexpr std::uint64_t kBodyBytesHeldMax = std::uint64_t{256} << 20;

 private:
  Application(Env& env, const Clock& clock, Entropy& entropy, ApplicationOptions options)
      : env_(env),
        clock_(clock),
        entropy_(entropy),
        options_(std::move(options)),
        live_groups_(options_.group_items_put_max),
        score_cache_(options_.score_cache_bytes_max),
        slate_cache_(options_.slate_cache_bytes_max),
        filter_data_(options_.filter_history) {}

  Status OpenAll();
  Status FindAdministrator();
  Status OpenStores();
  Status OpenExternalStore();
  Status OpenServices();
  Status OpenCatalog();
  void AddWorkReadings();
  /// A store elsewhere that does not answer holds nobody up when the server stops.
  void CancelStoreRequests();
  void OpenPersonalize();
  /// PermissionDenied unless the caller may do the action on all that the body names, and pass on the roles in it.
  Status Authorize(const Caller& caller, const std::string& action, std::string_view body) const;
  Result<Tags> TagsOf(const std::string& arn) const;
  /// The operations of one of the three services, each with a context of its request.
  JsonOperationTable BindOperations(std::span<const BoundOperation<Context>> operations);

  Env& env_;
  const Clock& clock_;
  Entropy& entropy_;
  const ApplicationOptions options_;
  Metrics metrics_;
  std::unique_ptr<DataDirectory> directory_;
  AccessKey administrator_;
  bool is_first_start_ = false;
  std::unique_ptr<KeyValueStore> key_values_;
  std::unique_ptr<WriteGate> write_gate_;
  std::unique_ptr<CurlTransport> s3_transport_;
  std::unique_ptr<S3Client> s3_client_;
  std::unique_ptr<ObjectStore> objects_;
  DirectoryObjectStore* own_objects_ = nullptr;  ///< objects_, if it is one.
  std::unique_ptr<IdentityStore> identities_;
  std::unique_ptr<IdentityCredentials> credentials_;
  std::unique_ptr<Authorizer> authorizer_;
  std::unique_ptr<RoleAccessChecker> role_access_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Backup> backup_;
  std::unique_ptr<EventLog> log_;
  LiveGroups live_groups_;
  Deployments deployments_;
  ScoreCache score_cache_;
  SlateCache slate_cache_;
  std::unique_ptr<ServedLists> served_lists_;
  std::unique_ptr<RecommendationLog> recommendation_log_;
  FilterData filter_data_;
  std::unique_ptr<IngestIndex> ingest_index_;
  std::unique_ptr<RuntimeIndex> runtime_index_;
  std::unique_ptr<ThreadPool> training_pool_;
  std::unique_ptr<JobEnvironment> job_environment_;
  std::atomic<std::uint64_t> imported_rows_{0};
  std::unique_ptr<JobRunner> job_runner_;
  BodyBudget body_budget_{kBodyBytesHeldMax};
  std::unique_ptr<SigV4Verifier> verifier_;
  std::vector<std::unique_ptr<Service>> services_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<HttpServer> http_server_;
};

}  // namespace attune
