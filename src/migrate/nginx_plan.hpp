#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/problem.hpp"
#include "migrate/distribution_config.hpp"
#include "migrate/nginx_config.hpp"
#include "migrate/password_files.hpp"
#include "migrate/plan.hpp"

namespace moorgate::migrate {

struct NginxChoice {
  std::filesystem::path prefix;  // what relative names are relative to
  std::string server;            // only servers of that name; empty: all that lead to a registry
};

/// Finds the servers that lead to a registry and puts what they do into `plan`. The registry
/// behind them adds its own demands. Problems: nothing can be planned, and why.
std::vector<config::Problem> plan_nginx(const Directive& root, const NginxChoice& choice,
                                        const RegistrySide& registry, PasswordFiles& files,
                                        Plan& plan, Report& report);

}  // namespace moorgate::migrate
