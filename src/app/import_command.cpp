#include "app/import_command.hpp"

#include <fstream>
#include <iostream>
#include <optional>
#include <tuple>
#include <utility>

#include "app/app_config.hpp"
#include "app/disk_files.hpp"
#include "base/file.hpp"
#include "migrate/distribution_config.hpp"
#include "migrate/import.hpp"

namespace moorgate::app {
namespace {

constexpr int kWrongUse = 2;
constexpr std::size_t kMaxEnvFile = std::size_t{1} << 20U;

int complain(const std::string& message, int status) {
  std::cerr << "moorgate: " << message << '\n';
  return status;
}

Result<config::Environment> read_environment(const std::vector<std::filesystem::path>& files) {
  config::Environment all;
  for (const auto& file : files) {
    const auto text = read_file(file, kMaxEnvFile);
    if (!text) return failure(text.error());
    auto environment = migrate::parse_env_file(*text, file.string());
    if (!environment) return failure(Code::bad_request, to_string(environment.error()));
    for (auto& [name, value] : *environment) all[name] = std::move(value);
  }
  std::erase_if(all, [](const auto& entry) { return !entry.first.starts_with("REGISTRY_"); });
  return all;
}

bool write(const std::filesystem::path& output, const std::string& text) {
  if (output.empty()) {
    std::cout << text << std::flush;
    return std::cout.good();
  }
  std::ofstream file(output, std::ios::trunc);
  file << text << std::flush;
  return file.good();
}

/// Says what `serve` would not take of what was written; true if that is nothing.
bool tell_what_is_missing(const std::string& yaml, const std::filesystem::path& output) {
  const std::string name = output.empty() ? "moorgate.yml" : output.string();
  const auto document = config::Document::parse(yaml, name, {});
  std::ignore = parse_app(document.root());
  const auto problems = document.problems();
  if (problems.empty()) return true;
  std::cerr << "TO BE COMPLETED before it can be used\n";
  for (const auto& problem : problems) std::cerr << "  " << problem << '\n';
  return false;
}

}  // namespace

int import_command(const ImportArguments& arguments) {
  std::vector<Volume> volumes;
  for (const auto& text : arguments.volumes) {
    auto volume = Volume::parse(text);
    if (!volume) return complain(volume.error().message, kWrongUse);
    volumes.push_back(*std::move(volume));
  }
  auto environment = read_environment(arguments.env_files);
  if (!environment) {
    const Error& error = environment.error();
    return complain(error.detail.empty() ? error.message : "could not " + error.detail, 1);
  }
  if (arguments.nginx.empty() && arguments.registry_config.empty() && environment->empty()) {
    return complain(
        "nothing to import: name an nginx.conf, or the registry's with --registry-config",
        kWrongUse);
  }
  if (arguments.keep_registry && arguments.nginx.empty()) {
    return complain(
        "--keep-registry: only nginx's configuration tells where the registry is; name it too, or "
        "write `upstream: URL` into a moorgate.yml yourself",
        kWrongUse);
  }
  DiskFiles files(std::move(volumes));
  migrate::ImportRequest request;
  if (!arguments.nginx.empty()) request.nginx = files.inside(arguments.nginx);
  if (!arguments.registry_config.empty())
    request.registry_config = files.inside(arguments.registry_config);
  request.environment = *std::move(environment);
  request.server = arguments.server;
  request.keep_registry = arguments.keep_registry;
  const auto imported = migrate::import_configuration(files, request);
  if (!imported.problems.empty()) {
    std::cerr << "moorgate: this cannot be imported:\n";
    for (const auto& problem : imported.problems) std::cerr << "  " << problem << '\n';
    if (arguments.nginx.extension() == ".yml") {
      std::cerr << "  " << arguments.nginx.string()
                << " was read as nginx's; the registry's own goes behind --registry-config\n";
    }
    return 1;
  }
  std::cerr << render_report(imported);
  if (!write(arguments.output, imported.yaml))
    return complain("could not write the configuration", 1);
  const bool usable = tell_what_is_missing(imported.yaml, arguments.output);
  return usable && imported.report.complete() ? 0 : kImportedInPart;
}

}  // namespace moorgate::app
