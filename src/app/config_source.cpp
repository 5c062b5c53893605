#include "app/config_source.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "app/disk_files.hpp"
#include "base/file.hpp"
#include "migrate/distribution_config.hpp"
#include "migrate/import.hpp"

namespace moorgate::app {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 2> kRegistryDefaults = {"/etc/docker/registry/config.yml",
                                                               "/etc/distribution/config.yml"};

void add_remarks(std::vector<std::string>& into, const std::set<migrate::Remark>& remarks,
                 std::string_view what) {
  for (const auto& remark : remarks) {
    const std::string place = to_string(remark.place);
    into.push_back(std::string(what) + (place.empty() ? "" : place + ": ") + remark.text);
  }
}

ConfigSource translate(const std::string& text, const fs::path& file,
                       config::Environment environment) {
  DiskFiles files;
  auto imported = migrate::import_distribution(files, text, file.string(), environment);
  // The lines of a translation are nobody's; its keys say enough.
  ConfigSource source{.document = config::Document::parse(
                          imported.yaml, file.string() + " (translated)", std::move(environment)),
                      .problems = std::move(imported.problems),
                      .remarks = {}};
  add_remarks(source.remarks, imported.report.lost, "not carried over: ");
  add_remarks(source.remarks, imported.report.unclear, "not understood: ");
  add_remarks(source.remarks, imported.report.no_entry, "as before: ");
  add_remarks(source.remarks, imported.report.holes, "as before: ");
  return source;
}

ConfigSource nothing_asked_for(const fs::path& file) {
  ConfigSource source{config::Document::parse("", file.string(), {}), {}, {}};
  source.problems.push_back(
      {.file = file.string(),
       .line = 0,
       .key = "",
       .message = "there is no such file; mount it, or set the REGISTRY_… variables that the "
                  "registry's container had (REGISTRY_HTTP_ADDR=:5000 asks for its defaults, open "
                  "to everybody)"});
  return source;
}

}  // namespace

bool is_registry_default(const fs::path& file) {
  return std::ranges::find(kRegistryDefaults, file.native()) != kRegistryDefaults.end();
}

Result<fs::path> first_config(const std::vector<std::string>& places,
                              const config::Environment& environment) {
  std::string looked_for;
  for (const std::string& place : places) {
    std::error_code error;
    // One that cannot be looked at is there: reading it will say why it cannot be read.
    if (fs::status(place, error).type() != fs::file_type::not_found) return fs::path(place);
    looked_for += (looked_for.empty() ? "" : ", ") + place;
  }
  if (migrate::overrides_distribution(environment) ||
      environment.contains("REGISTRY_CONFIGURATION_PATH")) {
    return fs::path();
  }
  return failure(Code::bad_request, "there is no configuration: none of " + looked_for +
                                        " is there; mount one of them, or set the REGISTRY_… "
                                        "variables that the registry's container had");
}

ConfigSource open_config(const fs::path& given, config::Environment environment) {
  fs::path file = given;
  if (file.empty()) {
    const auto named = environment.find("REGISTRY_CONFIGURATION_PATH");
    if (named != environment.end()) file = named->second;
  }
  const std::string defaults(migrate::kDistributionDefaults);
  if (file.empty()) {
    if (migrate::overrides_distribution(environment)) {
      return translate(defaults, "the registry's defaults", std::move(environment));
    }
    return {config::Document::parse("", "embedded defaults", std::move(environment)), {}, {}};
  }
  std::error_code error;
  // Only what is surely not there: one that cannot be looked at may well ask for passwords.
  if (is_registry_default(file) && fs::status(file, error).type() == fs::file_type::not_found) {
    if (!migrate::overrides_distribution(environment)) return nothing_asked_for(file);
    return translate(defaults, "the registry's defaults", std::move(environment));
  }
  const auto text = read_file(file, config::Document::kMaxBytes);
  if (text && migrate::is_distribution_config(*text)) {
    return translate(*text, file, std::move(environment));
  }
  return {config::Document::load(file, std::move(environment)), {}, {}};
}

}  // namespace moorgate::app
