#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "doctor/finding.hpp"
#include "doctor/http_probe.hpp"

/// Pure functions from answers to findings: how manifests and blobs come out of the door.
namespace moorgate::doctor {

/// Every media type that a client asks for.
Header accept_manifests();

/// The first name of a catalog or tags list: of `member` in a JSON object.
std::optional<std::string> first_of(std::string_view json, std::string_view member);
/// The digest of an image's config, or of an index's first manifest.
struct Pointer {
  std::string digest;
  bool is_manifest = false;
};
std::optional<Pointer> first_reference(std::string_view manifest);

/// GET of a tag that the tags list names, with `accept_manifests`.
Findings check_manifest(const Answer& answer);
/// HEAD of what GET answered with 200.
Findings check_head(std::string_view what, const Answer& head);
/// GET of a blob with Accept-Encoding: gzip, as Go's client sends it.
Findings check_blob(const Url& door, const Answer& answer);
/// GET of the blob's first byte only.
Findings check_range(const Answer& answer);
/// HEAD of the manifest by its digest written as sha256%3A….
Findings check_encoded_path(const Answer& head);

}  // namespace moorgate::doctor
