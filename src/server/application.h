#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/identity_store.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/status.h"
#include "protocol/service.h"
#include "server/administrator.h"
#include "server/http_server.h"
#include "server/router.h"
#include "services/access/authorizer.h"
#include "services/access/credential_store.h"
#include "storage/data_directory.h"
#include "storage/directory_object_store.h"
#include "storage/env.h"
#include "storage/key_value_store.h"

namespace attune {

struct ApplicationOptions {
  std::string data_dir = "attune-data";
  std::string region = "us-east-1";
  std::string account_id = "123456789012";
  /// Instead of the one in the data directory.
  std::optional<AccessKey> administrator;
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

  std::uint16_t port() const { return http_server_->port(); }
  const AccessKey& administrator() const { return administrator_; }
  const DataDirectory& directory() const { return *directory_; }
  Metrics& metrics() { return metrics_; }
  /// Whether this start made the administrator's key.
  bool is_first_start() const { return is_first_start_; }

 private:
  Application(Env& env, const Clock& clock, Entropy& entropy, ApplicationOptions options)
      : env_(env), clock_(clock), entropy_(entropy), options_(std::move(options)) {}

  Status OpenAll();
  Status FindAdministrator();
  Status OpenStores();
  Status OpenServices();

  Env& env_;
  const Clock& clock_;
  Entropy& entropy_;
  const ApplicationOptions options_;
  Metrics metrics_;
  std::unique_ptr<DataDirectory> directory_;
  AccessKey administrator_;
  bool is_first_start_ = false;
  std::unique_ptr<KeyValueStore> key_values_;
  std::unique_ptr<DirectoryObjectStore> objects_;
  std::unique_ptr<IdentityStore> identities_;
  std::unique_ptr<IdentityCredentials> credentials_;
  std::unique_ptr<Authorizer> authorizer_;
  // The catalog, the log, deployments and jobs stand here.
  std::vector<std::unique_ptr<Service>> services_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<HttpServer> http_server_;
};

}  // namespace attune
