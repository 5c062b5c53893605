#include "migrate/import.hpp"

#include <set>
#include <utility>

#include "base/text.hpp"
#include "migrate/distribution_config.hpp"
#include "migrate/moorgate_yaml.hpp"
#include "migrate/nginx_config.hpp"
#include "migrate/nginx_plan.hpp"
#include "migrate/password_files.hpp"
#include "migrate/rights.hpp"

namespace moorgate::migrate {
namespace {

constexpr std::size_t kMaxConfig = std::size_t{1} << 20U;

/// Names of files as this machine has them.
void resolve(const Files& files, Plan& plan) {
  const auto here = [&](std::string& file) { file = files.resolve(file).string(); };
  for (auto& pair : plan.certificates) {
    here(pair.certificate);
    here(pair.key);
  }
  std::set<std::string> bcrypt_only;
  for (auto& file : plan.users) {
    const bool only = plan.bcrypt_only.contains(file.value);
    here(file.value);
    if (only) bcrypt_only.insert(file.value);
  }
  plan.bcrypt_only = std::move(bcrypt_only);
  if (plan.root) here(plan.root->value);
}

/// The registry passes over every hash but bcrypt's; whoever has another could not sign in there,
/// and must not be let in by moving.
void keep_to_bcrypt(const RegistrySide& side, PasswordFiles& passwords, Plan& plan,
                    Report& report) {
  constexpr std::size_t kNamed = 5;
  for (const auto& [from, file] : side.files) {
    plan.bcrypt_only.insert(file);
    for (const auto& name : passwords.doubled(file)) {
      report.lost.insert({from, moorgate::quoted(name) + " has several lines in " + file +
                                    "; the registry took the last password, the first counts "
                                    "now: take the others out"});
    }
    const auto* entries = passwords.find(file);
    if (entries == nullptr) continue;
    std::size_t count = 0;
    std::string names;
    for (const auto& [name, hash] : *entries) {
      if (hash.starts_with("$2")) continue;
      if (++count > kNamed) continue;
      if (!names.empty()) names += ", ";
      names += moorgate::quoted(name);
    }
    if (count == 0) continue;
    if (count > kNamed) names += " and " + std::to_string(count - kNamed) + " more";
    std::string text = std::to_string(count) + (count == 1 ? " user" : " users");
    text.append(" of ").append(file).append(" (").append(names);
    text +=
        ") could not sign in to the registry, which takes bcrypt only, and still cannot; give them "
        "a new password with moorgate htpasswd";
    report.no_entry.insert({from, std::move(text)});
  }
}

void replace_registry(const RegistrySide& side, Plan& plan) {
  plan.root = Setting{side.root, side.root_from};
  plan.upstream.reset();
  if (side.realm && !plan.realm && !plan.users.empty()) plan.realm = side.realm;
}

void add_registry_rights(const RegistrySide& side, PasswordFiles& passwords, Plan& plan,
                         Report& report) {
  Question question;
  question.ask = [&side](const Request& request) {
    Gate gate;
    gate.way = Gate::Way::proxied;
    gate.by = side.root_from;
    side.add_to(gate, request);
    if (!gate.files.empty() && gate.way == Gate::Way::proxied) gate.by = gate.files.front().place;
    return gate;
  };
  add_rules(find_rights(question, passwords, report), passwords, plan, report);
}

void finish(const Files& files, Plan& plan, Imported& into) {
  resolve(files, plan);
  const bool nobody = plan.rules.empty();
  if (nobody) {
    into.report.lost.insert({{}, "nobody may do anything: add users and rules under access"});
  }
  auto [yaml, settings] = render_yaml(plan);
  into.yaml = std::move(yaml);
  into.settings = settings;
}

void print(std::string& out, const char* title, const std::set<Remark>& remarks) {
  if (remarks.empty()) return;
  out += title;
  for (const auto& remark : remarks) {
    out += "  " + to_string(remark.place) + (remark.place.file.empty() ? "" : ": ") + remark.text +
           "\n";
  }
}

}  // namespace

Imported import_distribution(Files& files, const std::string& text, const std::string& file,
                             const config::Environment& environment) {
  Imported out;
  Plan plan;
  PasswordFiles passwords(files);
  auto config = read_distribution(text, file, environment);
  const RegistrySide side = plan_distribution(config, file, true, plan, out.report);
  out.problems = std::move(config.problems);
  out.problems.insert(out.problems.end(), side.impossible.begin(), side.impossible.end());
  if (!out.problems.empty()) return out;
  add_registry_rights(side, passwords, plan, out.report);
  keep_to_bcrypt(side, passwords, plan, out.report);
  replace_registry(side, plan);
  finish(files, plan, out);
  return out;
}

Imported import_configuration(Files& files, const ImportRequest& request) {
  Imported out;
  const auto complain = [&](const std::filesystem::path& file, const Error& error) {
    out.problems.push_back(
        {file.string(), 0, "",
         "cannot be read: " + (error.detail.empty() ? error.message : error.detail)});
  };
  std::string text(kDistributionDefaults);
  std::string name = "the registry's defaults";
  const bool registry_given = !request.registry_config.empty() || !request.environment.empty();
  if (!request.registry_config.empty()) {
    auto read = files.read(request.registry_config, kMaxConfig);
    if (!read) {
      complain(request.registry_config, read.error());
      return out;
    }
    text = std::move(*read);
    name = request.registry_config.filename().string();
  }
  if (request.nginx.empty()) return import_distribution(files, text, name, request.environment);

  Plan plan;
  RegistrySide side;
  if (registry_given) {
    auto config = read_distribution(text, name, request.environment);
    side = plan_distribution(config, name, false, plan, out.report);
    out.problems = std::move(config.problems);
    if (!request.keep_registry) {
      out.problems.insert(out.problems.end(), side.impossible.begin(), side.impossible.end());
    }
  }
  NginxConfig nginx = read_nginx(files, request.nginx);
  if (!nginx.problems.empty()) {
    out.problems.insert(out.problems.end(), nginx.problems.begin(), nginx.problems.end());
  }
  if (!out.problems.empty()) return out;
  Directive root;
  root.place = {request.nginx.filename().string(), 0};
  root.children = std::move(nginx.directives);
  PasswordFiles passwords(files);
  const NginxChoice choice{request.nginx.parent_path(), request.server};
  out.problems = plan_nginx(root, choice, side, passwords, plan, out.report);
  if (!out.problems.empty()) return out;
  if (registry_given && !request.keep_registry) replace_registry(side, plan);
  keep_to_bcrypt(side, passwords, plan, out.report);
  if (plan.upstream && side.files.empty()) {
    out.report.holes.insert({plan.upstream->from,
                             "whoever reaches " + plan.upstream->value +
                                 " around the gate needs no password: let only Moorgate reach it"});
  }
  finish(files, plan, out);
  return out;
}

std::string render_report(const Imported& imported) {
  const Report& report = imported.report;
  std::string out;
  out += "Carried over: " + std::to_string(imported.settings) +
         " settings, each with its origin beside it\n";
  print(out, "Not needed any more\n", report.not_needed);
  print(out, "COULD NOT BE CARRIED OVER\n", report.lost);
  print(out, "NOT UNDERSTOOD: look at each and decide\n", report.unclear);
  print(out, "Could not sign in before and cannot now\n", report.no_entry);
  print(out, "HOLES FOUND in what there was\n", report.holes);
  if (report.complete()) out += "Everything else was carried over.\n";
  return out;
}

}  // namespace moorgate::migrate
