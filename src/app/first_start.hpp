#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "app/app_config.hpp"
#include "base/error.hpp"

namespace moorgate::app {

/// What `serve` makes for itself where the configuration names nothing: a certificate and an
/// administrator. Kept below the storage root and reused by the next start. Blocking.
struct FirstStart {
  /// Set only by the start that made it: shown once, stored nowhere in clear.
  std::optional<std::string> admin_password;
  std::filesystem::path admin_file;
  bool certificate_made = false;
};

/// Completes `config` (certificates, users) and creates the files that are missing.
Result<FirstStart> complete_with_defaults(AppConfig& config);

}  // namespace moorgate::app
