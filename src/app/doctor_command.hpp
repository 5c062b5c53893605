#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace moorgate::app {

struct DoctorArguments {
  std::string url;
  std::optional<std::string> user;
  bool password_from_stdin = false;
  std::optional<std::string> authority;
  std::optional<std::string> repository;
  std::uint32_t patience = 20;
  std::uint16_t http_port = 80;
  bool json = false;
};

/// `moorgate doctor`: 0 nothing found, 1 findings, 2 it could not be examined.
int doctor_command(const DoctorArguments& arguments);

}  // namespace moorgate::app
