#pragma once

#include <string>

#include "app/app_config.hpp"

namespace moorgate::app {

struct UploadsArguments {
  std::string older_than = "0s";
};

/// `moorgate uploads list`: may run beside a server.
int list_uploads_command(const AppConfig& config, const UploadsArguments& arguments);
/// `moorgate uploads purge`: needs the storage for itself; a running server purges by itself.
int purge_uploads_command(const AppConfig& config, const UploadsArguments& arguments);

}  // namespace moorgate::app
