#pragma once

#include <memory>
#include <string_view>

#include "base/clock.h"
#include "protocol/service.h"
#include "protocol/sigv4.h"
#include "server/backup.h"

namespace attune {

/// What only the administrator may ask for, under /-/, signed for the service "attune":
///
///   POST /-/backup {"to": "/backups/monday"}   answers {"bytes": 123} when the backup is there (see Backup)
///
/// Thread-safe.
class AdministrationService final : public Service {
 public:
  static constexpr std::string_view kName = "attune";
  static constexpr std::string_view kBackupPath = "/-/backup";
  static constexpr std::uint64_t kBodyBytesMax = 16 << 10;

  /// Both must outlive it.
  AdministrationService(Backup& backup, SigV4Verifier& verifier) : backup_(backup), verifier_(verifier) {}

  std::string_view name() const override { return kName; }
  std::string_view signing_name() const override { return kName; }
  std::unique_ptr<ServiceExchange> Begin(RoutedRequest request) override;

 private:
  class Exchange;

  // Synchronise themselves.
  Backup& backup_;
  SigV4Verifier& verifier_;
};

}  // namespace attune
