#include "doctor/http_probe.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace moorgate::doctor {

std::string_view Answer::header(std::string_view name) const noexcept {
  for (const auto& header : headers) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

std::size_t Answer::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [name](const Header& header) { return equals_ignoring_case(header.name, name); }));
}

std::string Answer::summary() const {
  if (!answered()) return failure;
  std::string out = std::to_string(status);
  if (const auto type = header("Content-Type"); !type.empty()) out += " (" + quoted(type) + ")";
  return out;
}

}  // namespace moorgate::doctor
