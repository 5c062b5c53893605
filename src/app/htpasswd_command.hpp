#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "auth/password_hash.hpp"

namespace moorgate::app {

struct HtpasswdArguments {
  std::filesystem::path file;
  std::string user;
  bool from_stdin = false;
  std::optional<std::string> password;
  bool remove = false;
  int cost = auth::kBcryptDefaultCost;
};

/// `moorgate htpasswd`: asks for the password twice on a terminal unless it is given.
int htpasswd_command(const HtpasswdArguments& arguments);

}  // namespace moorgate::app
