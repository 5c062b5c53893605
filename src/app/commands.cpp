#include "app/commands.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "access/explain.hpp"
#include "access/policy.hpp"
#include "app/app.hpp"
#include "app/app_config.hpp"
#include "app/config_source.hpp"
#include "app/describe.hpp"
#include "app/doctor_command.hpp"
#include "app/first_start.hpp"
#include "app/htpasswd_command.hpp"
#include "app/import_command.hpp"
#include "app/uploads_command.hpp"
#include "auth/htpasswd_file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/environment.hpp"

namespace moorgate::app {
namespace {

constexpr int kDone = 0;
constexpr int kRefused = 1;

std::ostream& complain() {
  return std::cerr << "moorgate: ";
}

/// The configuration, or nothing after its problems were printed.
std::optional<AppConfig> load_or_complain(const std::string& file,
                                          std::vector<std::string>* remarks = nullptr) {
  LoadedConfig loaded = load_config(file);
  if (remarks != nullptr) *remarks = std::move(loaded.remarks);
  if (loaded.problems.empty()) return std::move(loaded.config);
  complain() << "the configuration cannot be used:\n";
  for (const auto& problem : loaded.problems) std::cerr << "  " << problem << '\n';
  return std::nullopt;
}

log::Format log_format(const AppConfig& config) {
  if (config.log.format) return *config.log.format;
  return ::isatty(STDERR_FILENO) == 1 ? log::Format::human : log::Format::json;
}

int serve(const std::string& file) {
  std::vector<std::string> remarks;
  auto config = load_or_complain(file, &remarks);
  if (!config) return kRefused;
  App::prepare_process();
  const log::Format format = log_format(*config);
  log::start(format, config->log.level);
  for (const auto& remark : remarks) {
    log::warning("the registry's own configuration is used", {{"remark", remark}});
  }
  const bool defaults_only = file.empty() && config->generated_admin();
  auto first = complete_with_defaults(*config);
  auto app = first ? App::open(file, std::move(*config), format)
                   : Result<std::unique_ptr<App>>(failure(first.error()));
  if (!app) {
    log::error("cannot start", {{"error", app.error().message}, {"detail", app.error().detail}});
    log::stop();
    return kRefused;
  }
  if (defaults_only || first->admin_password) {
    std::cout << welcome((*app)->first_address(), *first) << std::flush;
  }
  const int code = (*app)->run();
  app->reset();
  log::stop();
  return code;
}

int check(const std::string& file) {
  std::vector<std::string> remarks;
  auto config = load_or_complain(file, &remarks);
  if (!config) return kRefused;
  const Description description = describe(*config);
  std::cout << description.text;
  if (!remarks.empty()) std::cout << "From the registry's own configuration\n";
  for (const auto& remark : remarks) std::cout << "  " << remark << '\n';
  return description.usable ? kDone : kRefused;
}

int with_policy(const std::string& file, const std::string& action, const std::string& repository,
                const std::function<int(const AppConfig&, const access::Policy&, access::Action,
                                        const oci::RepositoryName&)>& answer) {
  auto config = load_or_complain(file);
  if (!config) return kRefused;
  const auto what = access::parse_action(action);
  if (!what) {
    complain() << action << " is no action; the actions are pull, push and delete\n";
    return 2;
  }
  const auto where = oci::RepositoryName::parse(repository);
  if (!where) {
    complain() << where.error().message << '\n';
    return 2;
  }
  return answer(*config, access::Policy(config->access), *what, *where);
}

/// Whoever no file names cannot sign in, whatever the rules say.
std::string note_on_user(const AppConfig& config, const std::string& user) {
  const auto names_user = [&user](const auth::HtpasswdSource& from) {
    const auto table = auth::load_htpasswd(from.file, from.schemes).table;
    return !table || table->find(user) != nullptr;
  };
  const auto& files = config.users.htpasswd;
  const bool known = files.empty() || std::ranges::any_of(files, names_user);
  if (known || !config.users.sign_in) return {};
  return "note: no file of users names " + moorgate::quoted(user) +
         (config.trusted_proxies.takes_over_users() ? ", so only a proxy can sign this user in\n"
                                                    : ", so nobody can sign in by that name\n");
}

int explain(const std::string& file, const std::string& user, const std::string& action,
            const std::string& repository) {
  return with_policy(file, action, repository,
                     [&user](const AppConfig& config, const access::Policy& policy,
                             access::Action what, const oci::RepositoryName& where) {
                       const auth::Principal who =
                           user == "anonymous" ? auth::Principal() : auth::Principal(user, "");
                       std::cout << access::explain(policy, who, what, where);
                       if (!who.anonymous()) std::cout << note_on_user(config, user);
                       return policy.decide(who, where, what).allowed ? kDone : kRefused;
                     });
}

int who_can(const std::string& file, const std::string& action, const std::string& repository) {
  return with_policy(file, action, repository,
                     [](const AppConfig& /*config*/, const access::Policy& policy,
                        access::Action what, const oci::RepositoryName& where) {
                       std::cout << access::who_can(policy, what, where);
                       return kDone;
                     });
}

int serve_first_of(const std::vector<std::string>& places) {
  const auto file = first_config(places, config::process_environment());
  if (file) return serve(file->string());
  complain() << file.error().message << '\n';
  return kRefused;
}

/// What the options of the chosen subcommand were set to.
struct Arguments {
  std::string config;
  std::vector<std::string> look_for;
  std::string user;
  std::string action;
  std::string repository;
  HtpasswdArguments htpasswd;
  ImportArguments import;
  UploadsArguments uploads;
  DoctorArguments doctor;
};

/// As the registry's image does, by whose variables a file that is not there can be made up for.
std::string flaw_of_config(const std::string& file) {
  return is_registry_default(file) ? std::string() : CLI::ExistingFile(file);
}

void add_config_option(CLI::App& command, std::string& config) {
  command.add_option("-c,--config", config, "The configuration file")
      ->type_name("FILE")
      ->check(&flaw_of_config);
}

/// As images of the Docker registry have it on their command line.
void add_registry_config(CLI::App& command, std::string& config) {
  command
      .add_option("REGISTRY_CONFIG", config,
                  "A configuration file, ours or the Docker registry's own config.yml")
      ->check(&flaw_of_config);
}

void add_htpasswd(CLI::App& program, HtpasswdArguments& arguments) {
  auto* command =
      program.add_subcommand("htpasswd", "Add, change or remove a user of a password file");
  command->add_option("FILE", arguments.file, "The password file; created if it is not there")
      ->required();
  command->add_option("USER", arguments.user, "The user's name")->required();
  command->add_flag("-i,--stdin", arguments.from_stdin, "Read the password from standard input");
  command->add_option("-b,--batch", arguments.password,
                      "The password on the command line, where others on this machine can see it");
  command->add_flag("-D,--delete", arguments.remove, "Remove the user");
  command->add_option("-C,--cost", arguments.cost, "bcrypt's cost; each step doubles the work")
      ->capture_default_str();
  command->footer(
      "Examples:\n  moorgate htpasswd auth/users alice\n"
      "  moorgate htpasswd auth/users ci -i < password.txt\n"
      "  moorgate htpasswd auth/users bob -D\n"
      "A running server notices the change by itself.");
}

void add_import(CLI::App& program, ImportArguments& arguments) {
  auto* command = program.add_subcommand(
      "import", "Make a configuration from nginx's and the Docker registry's");
  command->add_option("NGINX_CONF", arguments.nginx, "nginx's main configuration file")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--registry-config", arguments.registry_config,
                   "The registry's config.yml; Moorgate takes its place")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--env-file", arguments.env_files,
                   "The registry's REGISTRY_ variables, as docker's --env-file")
      ->check(CLI::ExistingFile);
  command->add_option("--volume", arguments.volumes,
                      "HOST:CONTAINER, where the files of a container lie outside");
  command->add_option("--server", arguments.server, "Only nginx's servers of this name");
  command->add_flag("--keep-registry", arguments.keep_registry,
                    "The registry stays; Moorgate goes in front of it");
  command->add_option("-o,--output", arguments.output,
                      "Where to write; standard output if not given");
  command->footer(
      "Examples:\n  moorgate import /etc/nginx/nginx.conf > moorgate.yml\n"
      "  moorgate import auth/nginx.conf --volume ./auth:/etc/nginx/conf.d \\\n"
      "    --registry-config config.yml --env-file registry.env --output moorgate.yml\n"
      "The report on standard error tells what could not be carried over and what was wide open.\n"
      "The exit code is 0 if all was carried over, 3 if the report holds more, 1 if nothing could\n"
      "be written.");
}

void add_uploads(CLI::App& program, Arguments& arguments) {
  auto* command = program.add_subcommand("uploads", "Look at and end unfinished uploads");
  command->require_subcommand(1);
  for (auto* verb : {command->add_subcommand("list", "List unfinished uploads"),
                     command->add_subcommand("purge", "End them and remove their bytes")}) {
    add_config_option(*verb, arguments.config);
    verb->add_option("--older-than", arguments.uploads.older_than,
                     "Only those not touched for this long, such as 24h or 7d");
  }
  command->footer(
      "Examples:\n  moorgate uploads list --config moorgate.yml --older-than 24h\n"
      "  moorgate uploads purge --config moorgate.yml --older-than 7d");
}

void add_doctor(CLI::App& program, DoctorArguments& arguments) {
  auto* command =
      program.add_subcommand("doctor", "Examine a registry through the proxy in front of it");
  command->add_option("URL", arguments.url, "Where clients reach the registry")->required();
  command->add_option("-u,--user", arguments.user, "A user who may push");
  command->add_flag("--password-stdin", arguments.password_from_stdin,
                    "Read the user's password from standard input");
  command->add_option("--ca", arguments.authority, "The certificate authority to believe (PEM)")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  command->add_option("--repository", arguments.repository,
                      "Where to try uploads and read an image");
  command
      ->add_option("--patience", arguments.patience, "Seconds that an upload pauses; 0: not at all")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  command->add_option("--http-port", arguments.http_port, "Where to look for a door without TLS")
      ->capture_default_str();
  command->add_flag("--json", arguments.json, "Print the findings as JSON");
  command->footer(
      "Examples:\n  moorgate doctor https://registry.example.com\n"
      "  moorgate doctor https://registry.example.com --user ci --password-stdin < password.txt\n"
      "Works with any registry. Nothing is left behind. The exit code is 0 if nothing was found, "
      "1\n"
      "if something was, and 2 if the registry could not be examined.");
}

void add_rules_commands(CLI::App& program, Arguments& arguments) {
  auto* explain = program.add_subcommand("explain", "Say whether a user may do something, and why");
  explain->add_option("USER", arguments.user, "The user's name, or \"anonymous\"")->required();
  explain->add_option("ACTION", arguments.action, "pull, push or delete")->required();
  explain->add_option("REPOSITORY", arguments.repository, "The repository's name")->required();
  add_config_option(*explain, arguments.config);
  explain->footer(
      "Example:\n  moorgate explain alice push team/app --config moorgate.yml\n"
      "The exit code is 0 if it is allowed and 1 if it is denied.");
  auto* who_can = program.add_subcommand("who-can", "List who may do something in a repository");
  who_can->add_option("ACTION", arguments.action, "pull, push or delete")->required();
  who_can->add_option("REPOSITORY", arguments.repository, "The repository's name")->required();
  add_config_option(*who_can, arguments.config);
  who_can->footer("Example:\n  moorgate who-can push team/app --config moorgate.yml");
}

void add_commands(CLI::App& program, Arguments& arguments) {
  program.require_subcommand(1);
  auto* serve = program.add_subcommand("serve", "Serve the registry until SIGTERM");
  add_config_option(*serve, arguments.config);
  add_registry_config(*serve, arguments.config);
  serve
      ->add_option("--look-for", arguments.look_for,
                   "Use the first of these configuration files that is there, as the image does")
      ->type_name("FILE")
      ->excludes("--config")
      ->excludes("REGISTRY_CONFIG");
  serve->footer(
      "Examples:\n  moorgate serve\n  moorgate serve --config moorgate.yml\n"
      "  moorgate serve /etc/docker/registry/config.yml\n"
      "Without a configuration: TLS on port 5043 with a self-signed certificate, data in\n"
      "./moorgate-data, and the user admin whose password is printed once.");
  auto* check = program.add_subcommand("check", "Check a configuration and say what it means");
  add_config_option(*check, arguments.config);
  check->footer("Example:\n  moorgate check --config moorgate.yml");
  add_htpasswd(program, arguments.htpasswd);
  add_rules_commands(program, arguments);
  add_import(program, arguments.import);
  add_uploads(program, arguments);
  add_doctor(program, arguments.doctor);
  program.add_subcommand("config-reference", "Print every configuration key as Markdown");
  program.add_subcommand("version", "Print the version");
}

int run_uploads(const CLI::App& program, const Arguments& arguments) {
  auto config = load_or_complain(arguments.config);
  if (!config) return kRefused;
  return program.get_subcommand("uploads")->got_subcommand("purge")
             ? purge_uploads_command(*config, arguments.uploads)
             : list_uploads_command(*config, arguments.uploads);
}

int dispatch(const CLI::App& program, const Arguments& a) {
  if (program.got_subcommand("serve")) {
    return a.look_for.empty() ? serve(a.config) : serve_first_of(a.look_for);
  }
  if (program.got_subcommand("check")) return check(a.config);
  if (program.got_subcommand("htpasswd")) return htpasswd_command(a.htpasswd);
  if (program.got_subcommand("explain")) return explain(a.config, a.user, a.action, a.repository);
  if (program.got_subcommand("who-can")) return who_can(a.config, a.action, a.repository);
  if (program.got_subcommand("doctor")) return doctor_command(a.doctor);
  if (program.got_subcommand("import")) return import_command(a.import);
  if (program.got_subcommand("uploads")) return run_uploads(program, a);
  if (program.got_subcommand("config-reference")) {
    std::cout << render_config_reference();
    return kDone;
  }
  std::cout << "moorgate " << MOORGATE_VERSION << '\n';
  return kDone;
}

/// Wrong use, in one line: the whole help after it would hide it.
std::string what_was_wrong(const CLI::App* program, const CLI::Error& error) {
  std::string command = "moorgate";
  for (const auto* chosen : program->get_subcommands()) command += " " + chosen->get_name();
  return "moorgate: " + std::string(error.what()) + "; see " + command + " --help\n";
}

/// The registry's image takes a file alone for `serve` with that file.
bool is_config_alone(const CLI::App& program, const std::string& first) {
  const auto is_first = [&](const CLI::App* command) { return command->get_name() == first; };
  return program.get_subcommands(is_first).empty() &&
         (first.ends_with(".yml") || first.ends_with(".yaml") || flaw_of_config(first).empty());
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  CLI::App program("Moorgate: a container registry with the gate built in", "moorgate");
  program.set_version_flag("--version", "moorgate " MOORGATE_VERSION);
  program.failure_message(&what_was_wrong);
  Arguments arguments;
  add_commands(program, arguments);
  std::vector<const char*> words(argv, argv + argc);
  if (argc > 1 && is_config_alone(program, words[1])) words.insert(words.begin() + 1, "serve");
  try {
    program.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& error) {
    const int code = program.exit(error);
    return code == 0 ? kDone : 2;
  }
  return dispatch(program, arguments);
}

}  // namespace moorgate::app
