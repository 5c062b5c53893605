#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/environment.hpp"
#include "config/problem.hpp"
#include "migrate/files.hpp"
#include "migrate/plan.hpp"

namespace moorgate::migrate {

struct ImportRequest {
  std::filesystem::path nginx;            // absolute; empty: there is no nginx
  std::filesystem::path registry_config;  // absolute; empty: what is behind nginx is not replaced
  config::Environment environment;        // the registry's REGISTRY_… variables
  std::string server;                     // see NginxChoice
  bool keep_registry = false;             // it stays, as the upstream
};

struct Imported {
  std::string yaml;          // empty if `problems` is not
  std::size_t settings = 0;  // carried over into it
  Report report;
  std::vector<config::Problem> problems;  // why nothing can be made
};

Imported import_configuration(Files& files, const ImportRequest& request);

/// A registry's configuration on its own, as `serve` reads it. `file` names it in messages.
Imported import_distribution(Files& files, const std::string& text, const std::string& file,
                             const config::Environment& environment);

/// The report for a person.
std::string render_report(const Imported& imported);

}  // namespace moorgate::migrate
