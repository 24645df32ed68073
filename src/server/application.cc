#include "server/application.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "jobs/collect_garbage.h"
#include "jobs/deploy_campaign.h"
#include "jobs/export_dataset.h"
#include "jobs/follow_latest_version.h"
#include "jobs/import_dataset.h"
#include "jobs/refit_unreadable.h"
#include "jobs/replay_events.h"
#include "jobs/train_automatically.h"
#include "jobs/train_solution_version.h"
#include "jobs/update_automatically.h"
#include "protocol/generated/personalize.h"
#include "protocol/generated/personalize_events.h"
#include "protocol/generated/personalize_runtime.h"
#include "server/administration_service.h"
#include "server/exploration_readings.h"
#include "server/filter_data_work.h"
#include "server/named_arns.h"
#include "services/error_mapping.h"
#include "services/iam/query_service.h"
#include "services/s3/s3_service.h"
#include "services/s3/sample_bucket.h"
#include "storage/directory_object_store.h"
#include "storage/s3_object_store.h"

namespace attune {
namespace {

/// Whether an operation adds to what is kept. What deletes or stops makes room, and goes on when the disk is full.
bool Adds(std::string_view operation) {
  constexpr std::string_view kVerbs[] = {"Create", "Put", "Update", "Tag", "Start"};
  return std::ranges::any_of(kVerbs, [&](std::string_view verb) { return operation.starts_with(verb); });
}

}  // namespace

Result<std::unique_ptr<Application>> Application::Open(Env& env, const Clock& clock, Entropy& entropy,
                                                       ApplicationOptions options) {
  std::unique_ptr<Application> application(new Application(env, clock, entropy, std::move(options)));
  ATTUNE_RETURN_IF_ERROR(application->OpenAll());
  return application;
}

Application::~Application() { Stop(); }

Status Application::OpenAll() {
  ATTUNE_TRY(directory_, DataDirectory::Open(env_, options_.data_dir));
  ATTUNE_RETURN_IF_ERROR(FindAdministrator());
  ATTUNE_RETURN_IF_ERROR(OpenStores());
  ATTUNE_RETURN_IF_ERROR(OpenCatalog());
  ATTUNE_RETURN_IF_ERROR(OpenServices());
  OpenPersonalize();
  std::vector<Service*> services;
  for (const auto& service : services_) services.push_back(service.get());
  router_ = std::make_unique<Router>(services, clock_, entropy_, metrics_, options_.router);
  return {};
}

Status Application::FindAdministrator() {
  if (options_.administrator) {
    administrator_ = *options_.administrator;
    return CheckAccessKey(administrator_);
  }
  auto stored = ReadCredentialsFile(env_, directory_->credentials_path());
  if (stored.ok()) {
    administrator_ = *std::move(stored);
    return {};
  }
  if (stored.status().code() != Code::kNotFound) return stored.status();
  administrator_ = NewAccessKey(entropy_);
  is_first_start_ = true;
  return WriteCredentialsFile(env_, directory_->credentials_path(), administrator_);
}

Result<bool> Application::ReloadAdministrator() {
  if (options_.administrator) return false;
  ATTUNE_TRY(auto key, ReadCredentialsFile(env_, directory_->credentials_path()));
  ATTUNE_RETURN_IF_ERROR(CheckAccessKey(key));
  administrator_ = key;
  credentials_->SetAdministrator({.access_key_id = std::move(key.id), .secret_access_key = std::move(key.secret)});
  return true;
}

Status Application::OpenStores() {
  ATTUNE_TRY(key_values_, KeyValueStore::Open(env_, directory_->log_path()));
  write_gate_ = std::make_unique<WriteGate>(env_, clock_, *key_values_, options_.data_dir,
                                            WriteGate::Options{.free_bytes_min = options_.free_disk_bytes_min});
  const bool is_external = !options_.external_store.endpoint.empty();
  if (is_external) {
    ATTUNE_RETURN_IF_ERROR(OpenExternalStore());
  } else {
    ATTUNE_TRY(auto own, DirectoryObjectStore::Open(env_, clock_, entropy_, *key_values_, directory_->objects_path()));
    own_objects_ = own.get();
    objects_ = std::move(own);
  }
  ATTUNE_TRY(identities_, IdentityStore::Open(*key_values_, clock_, entropy_, options_.account_id));
  credentials_ = std::make_unique<IdentityCredentials>(
      *identities_, IdentityCredentials::Administrator{.access_key_id = administrator_.id,
                                                       .secret_access_key = administrator_.secret});
  authorizer_ = std::make_unique<Authorizer>(*identities_, clock_);
  // Somebody else's store gets no bucket that nobody asked for.
  return is_external ? Status() : EnsureSampleBucket(*objects_, options_.region);
}

Status Application::OpenExternalStore() {
  const ExternalStore& store = options_.external_store;
  ATTUNE_TRY(s3_transport_,
             CurlTransport::Open({.endpoint = store.endpoint, .authorities_file = store.authorities_file}));
  s3_client_ = std::make_unique<S3Client>(
      *s3_transport_, clock_, entropy_, [](std::chrono::milliseconds pause) { std::this_thread::sleep_for(pause); },
      S3Client::Options{
          .host = store.endpoint.substr(store.endpoint.find("://") + 3),
          .region = store.region,
          .credentials = {.access_key_id = store.access_key_id, .secret_access_key = store.secret_access_key}});
  objects_ = std::make_unique<S3ObjectStore>(*s3_client_);
  return {};
}

Status Application::OpenServices() {
  const auto may_write = [this] { return write_gate_->Check(); };
  services_.push_back(std::make_unique<S3Service>(*objects_, *credentials_, *authorizer_, clock_,
                                                  S3Service::Options{.region = options_.region,
                                                                     .account_id = options_.account_id,
                                                                     .domains = options_.s3_domains,
                                                                     .may_write = may_write}));
  services_.push_back(
      std::make_unique<QueryService>(IamDescription(), *identities_, *credentials_, *authorizer_, clock_, may_write));
  services_.push_back(
      std::make_unique<QueryService>(StsDescription(), *identities_, *credentials_, *authorizer_, clock_, may_write));
  return {};
}

Status Application::OpenCatalog() {
  ATTUNE_TRY(catalog_, Catalog::Open(directory_->catalog_path(), clock_, entropy_));
  backup_ = std::make_unique<Backup>(Backup::Parts{.env = env_,
                                                   .directory = *directory_,
                                                   .catalog = *catalog_,
                                                   .key_values = *key_values_,
                                                   .objects = own_objects_,
                                                   .free_bytes_min = options_.free_disk_bytes_min,
                                                   .on_released = [this] { job_runner_->Poke(); }});
  ATTUNE_TRY(log_, EventLog::Open(*key_values_));
  ATTUNE_TRY(served_lists_, ServedLists::Open(env_, directory_->served_lists_path(), clock_, options_.served_lists));
  RecommendationLog::Options log_options = options_.recommendation_log;
  log_options.may_write = [this] { return write_gate_->Check(); };
  ATTUNE_TRY(recommendation_log_,
             RecommendationLog::Open(env_, directory_->recommendation_log_path(), std::move(log_options)));
  role_access_ = std::make_unique<RoleAccessChecker>(*identities_, *objects_, options_.region);
  ingest_index_ = std::make_unique<IngestIndex>(*catalog_);
  runtime_index_ = std::make_unique<RuntimeIndex>(*catalog_, directory_->datasets_path());
  constexpr std::size_t kTrainingQueueMax = 4096;
  const std::size_t cores = std::max(std::thread::hardware_concurrency(), 1u);
  const std::size_t threads = options_.training.threads == 0 ? cores : options_.training.threads;
  // The job's own thread computes too.
  training_pool_ = std::make_unique<ThreadPool>(threads - 1, kTrainingQueueMax, ThreadPriority::kBackground);
  job_environment_ = std::make_unique<JobEnvironment>(JobEnvironment{.env = env_,
                                                                     .clock = clock_,
                                                                     .entropy = entropy_,
                                                                     .directory = *directory_,
                                                                     .catalog = *catalog_,
                                                                     .log = *log_,
                                                                     .objects = *objects_,
                                                                     .role_access = *role_access_,
                                                                     .live_groups = live_groups_,
                                                                     .deployments = deployments_,
                                                                     .served_lists = *served_lists_,
                                                                     .training_pool = *training_pool_,
                                                                     .training = options_.training,
                                                                     .live_items = options_.live_items,
                                                                     .automatic = options_.automatic,
                                                                     .files_are_held = &backup_->files_are_held(),
                                                                     .imported_rows = &imported_rows_});
  AddExplorationReadings(metrics_, deployments_, *served_lists_, *recommendation_log_, score_cache_, slate_cache_);
  ATTUNE_RETURN_IF_ERROR(DeployActiveCampaigns(*job_environment_));
  ATTUNE_RETURN_IF_ERROR(ReplayEvents(*job_environment_));
  std::vector<std::unique_ptr<WorkSource>> sources;
  sources.push_back(ImportDatasetWork(*job_environment_));
  sources.push_back(ExportDatasetWork(*job_environment_));
  sources.push_back(TrainSolutionVersionWork(*job_environment_));
  sources.push_back(DeployCampaignWork(*job_environment_));
  sources.push_back(FollowLatestVersionWork(*job_environment_));
  sources.push_back(RefitUnreadableWork(*job_environment_));
  sources.push_back(UpdateAutomaticallyWork(*job_environment_));
  sources.push_back(TrainAutomaticallyWork(*job_environment_));
  sources.push_back(CollectGarbageWork(*job_environment_));
  sources.push_back(FilterDataWork(*runtime_index_, filter_data_, env_, *log_));
  job_runner_ = std::make_unique<JobRunner>(std::move(sources), JobRunner::Options{});
  catalog_->OnChange([this] { job_runner_->Poke(); });
  job_runner_->Start();
  AddWorkReadings();
  return {};
}

void Application::AddWorkReadings() {
  metrics_.AddReading("attune_events", "Events, items and users that were put one by one, since the folder was made.",
                      [this] { return static_cast<double>(log_->LastSequence()); });
  metrics_.AddReading("attune_only_reading",
                      "1 while the disk is full or refuses to write, so that writes are refused.",
                      [this] { return write_gate_->Check().ok() ? 0.0 : 1.0; });
  metrics_.AddReading("attune_imported_rows", "Rows that imports have read since the server started, row by row.",
                      [this] { return static_cast<double>(imported_rows_.load()); });
  metrics_.AddReading("attune_jobs_started", "Jobs begun since the server started.",
                      [this] { return static_cast<double>(job_runner_->figures().started); });
  metrics_.AddReading("attune_jobs_running", "Jobs at work now.",
                      [this] { return static_cast<double>(job_runner_->figures().running); });
}

void Application::OpenPersonalize() {
  verifier_ = std::make_unique<SigV4Verifier>(clock_, *credentials_);
  services_.push_back(std::make_unique<JsonService>(personalize::Service(), BindOperations(PersonalizeOperations()),
                                                    *verifier_, body_budget_));
  services_.push_back(std::make_unique<JsonService>(
      personalize_runtime::Service(), BindOperations(PersonalizeRuntimeOperations()), *verifier_, body_budget_));
  services_.push_back(std::make_unique<JsonService>(
      personalize_events::Service(), BindOperations(PersonalizeEventsOperations()), *verifier_, body_budget_));
  services_.push_back(std::make_unique<AdministrationService>(*backup_, *verifier_));
}

JsonOperationTable Application::BindOperations(std::span<const BoundOperation<Context>> operations) {
  JsonOperationTable table;
  for (const auto& operation : operations) {
    table[std::string(operation.name)] = [this, run = operation.run, adds = Adds(operation.name),
                                          action = fmt::format("personalize:{}", operation.name)](
                                             const JsonCall& call, std::string_view body) -> OperationReply {
      const Status allowed = Authorize(CallerOf(call.signature, call.head), action, body);
      if (!allowed.ok()) return {.error = ToAwsError(allowed), .body = {}};
      if (adds) {
        const Status may = write_gate_->Check();
        if (!may.ok()) return {.error = ToAwsError(may), .body = {}};
      }
      Context context{.account_id = options_.account_id,
                      .region = call.signature.region,
                      .env = env_,
                      .catalog = *catalog_,
                      .clock = clock_,
                      .entropy = entropy_,
                      .log = *log_,
                      .deployments = deployments_,
                      .live_groups = live_groups_,
                      .served_lists = *served_lists_,
                      .recommendation_log = *recommendation_log_,
                      .score_cache = score_cache_,
                      .slate_cache = slate_cache_,
                      .ingest_index = *ingest_index_,
                      .runtime_index = *runtime_index_,
                      .filter_data = filter_data_,
                      .limits = options_.limits};
      return run(context, body, &ToAwsError);
    };
  }
  return table;
}

Status Application::Authorize(const Caller& caller, const std::string& action, std::string_view body) const {
  if (caller.is_root()) return {};  // The administrator may do everything.
  NamedArns named = FindNamedArns(body);
  AccessContext told;
  AddRequestTags(named.tags, &told);
  for (const std::string& key : named.tag_keys) told["aws:tagkeys"].push_back(key);
  if (named.resources.empty()) named.resources.emplace_back("*");
  for (const std::string& arn : named.resources) {
    Status read;
    const auto tags = [&] {
      auto found = TagsOf(arn);
      if (!found.ok()) read = found.status();
      return found.ok() ? *std::move(found) : Tags();
    };
    ATTUNE_RETURN_IF_ERROR(
        authorizer_->Authorize(caller, {.action = action, .resource = arn, .context = told, .resource_tags = tags}));
    ATTUNE_RETURN_IF_ERROR(read);  // What was allowed without knowing the tags is not.
  }
  for (const std::string& arn : named.roles) {
    ATTUNE_RETURN_IF_ERROR(
        authorizer_->Authorize(caller, {.action = "iam:PassRole",
                                        .resource = arn,
                                        .context = {{"iam:passedtoservice", {std::string(kPersonalizePrincipal)}}}}));
  }
  return {};
}

Result<Tags> Application::TagsOf(const std::string& arn) const {
  Tags tags;
  ATTUNE_RETURN_IF_ERROR(catalog_->Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto stored, transaction.Tags(arn));
    tags.assign(stored.begin(), stored.end());
    return {};
  }));
  return tags;
}

Status Application::Listen() {
  HttpServerOptions http = options_.http;
  http.before_cut = [this] { CancelStoreRequests(); };
  ATTUNE_TRY(http_server_, HttpServer::Start(*router_, clock_, metrics_, std::move(http)));
  router_->SetReady(true);
  return {};
}

void Application::Stop() {
  if (!http_server_) return;
  router_->SetReady(false);
  backup_->Stop();
  // Before the store's requests fail: a job that was told to stop does not record that as its own failure.
  job_runner_->RequestStop();
  http_server_->Stop();
  CancelStoreRequests();
  job_runner_->Stop();
}

void Application::CancelStoreRequests() {
  if (s3_client_) s3_client_->Cancel();
}

}  // namespace attune
