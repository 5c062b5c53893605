#pragma once

#include <string>

#include "app/app_config.hpp"
#include "app/first_start.hpp"
#include "net/address.hpp"

/// What a person reads on standard output.
namespace moorgate::app {

struct Description {
  std::string text;
  /// False if a file that the configuration names cannot be used; the text says which and why.
  bool usable = true;
};

/// `moorgate check`: the configuration in words, files tried. Blocking.
Description describe(const AppConfig& config);

/// What `serve` without a configuration shows: the address, the user, the lines to paste.
std::string welcome(const net::Address& address, const FirstStart& first);

}  // namespace moorgate::app
