#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "base/status.h"
#include "cli/option_table.h"
#include "server/application.h"

namespace attune {

/// What `attune serve` was told.
struct ServeOptions {
  ApplicationOptions application;
  std::string listen = "127.0.0.1:8080";
  std::string port_file;
  std::string access_key_id;
  std::string secret_access_key;
  std::string tls_certificate;
  std::string tls_key;
  LogLevel log_level = LogLevel::kInfo;
};

/// Every option of `attune serve`, bound to `options`, which must outlive the table.
OptionTable ServeOptionTable(ServeOptions* options);

/// What the options mean together: the address and port of `listen`, both halves of the key or none, the same for TLS.
/// The TLS files are read later, by ReadTlsIdentity.
Status FinishServeOptions(ServeOptions* options);

/// The TLS identity from its files; nothing if the server is to speak HTTP.
Result<std::optional<TlsIdentity>> ReadTlsIdentity(Env& env, const ServeOptions& options);

}  // namespace attune
