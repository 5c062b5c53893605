#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/environment.hpp"
#include "config/problem.hpp"
#include "config/yaml.hpp"
#include "migrate/plan.hpp"
#include "migrate/rights.hpp"

namespace moorgate::migrate {

/// A registry's own configuration (Distribution 2 and 3), as the registry would understand it.
struct DistributionConfig {
  config::Node root;
  std::vector<config::Problem> problems;
  /// Variables that name no setting, which the registry ignores with a word in its log: such as
  /// REGISTRY_PORT, which Kubernetes sets beside a Service `registry`.
  std::vector<std::string> ignored;
  /// Those that it ignores because they reach into a section of the file that it cannot change.
  std::vector<std::string> out_of_reach;
};

/// What the registry's image comes with; used where nobody mounts a file over it.
extern const std::string_view kDistributionDefaults;

/// True for text that is this kind of file and not one of ours: it has `version: 0.1`.
bool is_distribution_config(std::string_view text);
/// True if a variable could change such a configuration: REGISTRY_…
bool overrides_distribution(const config::Environment& environment);

/// Yes and no as the registry's YAML 1.1 has them: true, yes, on, y and their opposites in three
/// spellings. Quoted they are text, which it takes for no boolean.
std::optional<bool> registry_bool(const config::Node& node);
/// A duration as Go has it: "1h30m", "1.5h", "-2s", "100us", a bare number of nanoseconds; cut to
/// whole milliseconds and to three centuries.
std::optional<std::chrono::milliseconds> registry_duration(const config::Node& node);

/// The file with the REGISTRY_… variables of `environment` laid over it: in the order of their
/// names, parts of a path joined by _, members of lists by number, values as YAML.
DistributionConfig read_distribution(std::string_view text, const std::string& file,
                                     const config::Environment& environment);

/// docker's --env-file: NAME=VALUE a line, # begins a comment line, quotes are part of the value.
std::expected<config::Environment, config::Problem> parse_env_file(std::string_view text,
                                                                   const std::string& file);

/// What of it matters beside nginx, and when it is served from.
struct RegistrySide {
  bool deletes = true;
  bool writes = true;
  Place deletes_from;
  Place writes_from;
  /// The password file, if there is one; of its users the registry knows those with bcrypt.
  std::vector<Remark> files;
  std::vector<Remark> narrowed;  // see Gate
  std::optional<Setting> realm;
  std::string root;  // of its filesystem storage
  Place root_from;
  /// Reasons why it cannot be replaced: its storage is elsewhere, it is a cache of another one.
  std::vector<config::Problem> impossible;

  /// Lays the registry's own demands over nginx's.
  void add_to(Gate& gate, const Request& request) const;
};

/// Reads everything; what only matters without nginx in front goes into `plan` when
/// `for_itself`.
RegistrySide plan_distribution(const DistributionConfig& config, const std::string& file,
                               bool for_itself, Plan& plan, Report& report);

}  // namespace moorgate::migrate
