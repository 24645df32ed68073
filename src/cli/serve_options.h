#pragma once

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
  LogLevel log_level = LogLevel::kInfo;
};

/// Every option of `attune serve`, bound to `options`, which must outlive the table.
OptionTable ServeOptionTable(ServeOptions* options);

/// What the options mean together: the address and port of `listen`, both halves of the key or none.
Status FinishServeOptions(ServeOptions* options);

}  // namespace attune
