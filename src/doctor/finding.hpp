#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moorgate::doctor {

/// Everything that an examination can find. docs/doctor.md lists them by `name_of`.
enum class Ailment : std::uint8_t {
  // The door itself
  certificate_expired,
  certificate_name,
  certificate_chain,
  certificate_unknown,
  tls_failed,
  plain_http,
  plain_door,
  upstream_down,
  path_missing,
  no_registry,
  redirected,
  version_missing,
  challenge_missing,
  challenge_several,
  challenge_altered,
  realm_elsewhere,
  // Trust
  spoofed_user,
  spoofed_address,
  spoofed_host,
  path_bypass,
  any_password,
  open_push,
  password_unasked,
  authorization_lost,
  // Uploads
  location_scheme,
  location_host,
  location_form,
  method_filtered,
  chunked_refused,
  expect_refused,
  body_limit,
  buffered,
  pause_cut,
  session_left,
  // Contents
  head_refused,
  digest_lost,
  accept_dropped,
  compressed,
  length_lost,
  range_ignored,
  encoded_path,
  blob_redirect,
};
inline constexpr std::size_t kAilments = static_cast<std::size_t>(Ailment::blob_redirect) + 1;

struct Finding {
  Ailment ailment;
  /// What was asked and what was seen, in one sentence. Holds no secret.
  std::string evidence;

  bool operator==(const Finding&) const = default;
};

using Findings = std::vector<Finding>;

}  // namespace moorgate::doctor
