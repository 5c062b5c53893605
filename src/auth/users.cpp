#include "auth/users.hpp"

#include <utility>

#include "config/reader.hpp"

namespace moorgate::auth {
namespace {

void add(std::vector<config::Problem>& into, std::vector<config::Problem> more) {
  into.insert(into.end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
}

}  // namespace

UsersConfig parse_users(const config::Reader& in) {
  UsersConfig out;
  for (const auto& source : in.items("users", "Where users come from, tried in this order")) {
    std::filesystem::path file;
    bool bcrypt_only = false;
    source.require("htpasswd");
    const bool given =
        source.read("htpasswd", file,
                    "Password file as made by `moorgate htpasswd` or Apache's htpasswd; watched");
    source.read("bcrypt_only", bcrypt_only,
                "Users whose password is hashed in another way cannot sign in, as it was with the "
                "Docker registry");
    if (!given) continue;
    out.htpasswd.push_back({std::move(file), bcrypt_only ? Schemes::bcrypt : Schemes::all});
  }
  in.read(
      "sign_in", out.sign_in,
      "no: nobody has to say who they are, and everybody may do what access lets anyone do; for a "
      "registry that never asked for a password");
  if (!out.sign_in && !out.htpasswd.empty()) {
    in.problem("sign_in", "nobody signs in, so users are never asked; take one of the two out");
  }
  return out;
}

std::shared_ptr<UserSources> UserSources::open(const UsersConfig& config, net::Blocking& pool,
                                               UserProblems& problems) {
  auto out = std::make_shared<UserSources>(std::vector<std::unique_ptr<UserSource>>());
  for (const auto& from : config.htpasswd) {
    auto loaded = load_htpasswd(from.file, from.schemes);
    add(problems.warnings, std::move(loaded.warnings));
    add(problems.errors, std::move(loaded.errors));
    if (!loaded.table) continue;
    auto source = std::make_unique<HtpasswdAuthenticator>(std::move(loaded.table), pool);
    out->files_.push_back({.from = from, .source = source.get()});
    out->sources_.push_back(std::move(source));
  }
  return out->files_.size() == config.htpasswd.size() ? out : nullptr;
}

UserSources::UserSources(std::vector<std::unique_ptr<UserSource>> sources)
    : sources_(std::move(sources)) {}

Task<Result<Principal>> UserSources::authenticate(Credentials credentials) {
  if (credentials.none()) co_return Principal();
  for (const auto& source : sources_) {
    auto known = co_await source->verify(credentials);
    if (!known) co_return failure(std::move(known).error());
    if (*known) co_return std::move(**known);
  }
  if (!sources_.empty()) {
    auto pretended = co_await sources_.front()->pretend(credentials);
    if (!pretended) co_return failure(std::move(pretended).error());
  }
  co_return failure(wrong_credentials());
}

std::uint64_t UserSources::generation() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& source : sources_) sum += source->generation();
  return sum;
}

UserProblems UserSources::reload(const std::filesystem::path& file) {
  UserProblems problems;
  for (const auto& watched : files_) {
    if (watched.from.file != file) continue;
    auto loaded = load_htpasswd(file, watched.from.schemes);
    add(problems.warnings, std::move(loaded.warnings));
    add(problems.errors, std::move(loaded.errors));
    if (loaded.table) watched.source->replace(std::move(loaded.table));
  }
  return problems;
}

std::vector<std::filesystem::path> UserSources::files() const {
  std::vector<std::filesystem::path> out;
  out.reserve(files_.size());
  for (const auto& watched : files_) out.push_back(watched.from.file);
  return out;
}

}  // namespace moorgate::auth
