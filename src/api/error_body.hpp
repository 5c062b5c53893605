#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace moorgate::api {

/// How an error travels: the spec's code (or the field's where the spec has none) and its status.
struct WireError {
  std::string_view code;
  int status;
};

WireError wire_error(Code code) noexcept;

/// {"errors":[{"code":…,"message":…,"detail":null}]} of the distribution spec, "Error Codes".
std::string render_error(std::string_view code, std::string_view message);

/// `text` as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD.
std::string json_string(std::string_view text);

}  // namespace moorgate::api
