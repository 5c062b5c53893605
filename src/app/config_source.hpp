#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/environment.hpp"
#include "config/problem.hpp"
#include "config/reader.hpp"

namespace moorgate::app {

/// Places where a registry's image has its configuration; `serve` may be pointed there even if
/// nobody has mounted a file over the image's own, where REGISTRY_… variables say what is wanted.
bool is_registry_default(const std::filesystem::path& file);

/// The first of `places` that is there. Where none is: an empty path if REGISTRY_… variables say
/// what a registry should be, else bad_request, which names the places.
Result<std::filesystem::path> first_config(const std::vector<std::string>& places,
                                           const config::Environment& environment);

/// A configuration, ours or a registry's own (Distribution's config.yml), which is translated.
struct ConfigSource {
  config::Document document;
  std::vector<config::Problem> problems;  // of the translation
  /// Of a translation: what a person should know, a line each.
  std::vector<std::string> remarks;
};

/// `file` empty: what REGISTRY_… variables say if there are any, else our embedded defaults.
ConfigSource open_config(const std::filesystem::path& file, config::Environment environment);

}  // namespace moorgate::app
