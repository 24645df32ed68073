#include "server/application.h"

#include <fmt/format.h>

#include "services/iam/query_service.h"
#include "services/s3/s3_service.h"
#include "services/s3/sample_bucket.h"

namespace attune {

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
  ATTUNE_RETURN_IF_ERROR(OpenServices());
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

Status Application::OpenStores() {
  ATTUNE_TRY(key_values_, KeyValueStore::Open(env_, directory_->log_path()));
  ATTUNE_TRY(objects_, DirectoryObjectStore::Open(env_, clock_, entropy_, *key_values_, directory_->objects_path()));
  ATTUNE_TRY(identities_, IdentityStore::Open(*key_values_, clock_, entropy_, options_.account_id));
  credentials_ = std::make_unique<IdentityCredentials>(
      *identities_, IdentityCredentials::Administrator{.access_key_id = administrator_.id,
                                                       .secret_access_key = administrator_.secret});
  authorizer_ = std::make_unique<Authorizer>(*identities_, clock_);
  return EnsureSampleBucket(*objects_, options_.region);
}

Status Application::OpenServices() {
  services_.push_back(
      std::make_unique<S3Service>(*objects_, *credentials_, *authorizer_, clock_,
                                  S3Service::Options{.region = options_.region, .account_id = options_.account_id}));
  services_.push_back(
      std::make_unique<QueryService>(IamDescription(), *identities_, *credentials_, *authorizer_, clock_));
  services_.push_back(
      std::make_unique<QueryService>(StsDescription(), *identities_, *credentials_, *authorizer_, clock_));
  return {};
}

Status Application::Listen() {
  ATTUNE_TRY(http_server_, HttpServer::Start(*router_, clock_, metrics_, options_.http));
  router_->SetReady(true);
  return {};
}

void Application::Stop() {
  if (!http_server_) return;
  router_->SetReady(false);
  http_server_->Stop();
}

}  // namespace attune
