#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "oci/digest.hpp"

namespace moorgate::oci {

namespace media_type {
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";

/// One of the four above: what this registry stores as a manifest.
bool is_manifest(std::string_view media_type) noexcept;
/// An OCI index or a Docker manifest list.
bool is_index(std::string_view media_type) noexcept;
/// Layers that licences keep out of registries: OCI's "nondistributable" and Docker's "foreign".
bool is_nondistributable(std::string_view media_type) noexcept;
}  // namespace media_type

/// The largest manifest taken, in bytes (the spec asks for at least 4 MB).
inline constexpr std::size_t kManifestLimit = 4U << 20U;

using Annotations = std::vector<std::pair<std::string, std::string>>;

/// What a manifest must know of a thing it names (image spec, descriptor.md).
struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  std::string artifact_type = {};
  /// In the manifest's order, values verbatim.
  Annotations annotations = {};
  bool operator==(const Descriptor&) const = default;
};

/// How a manifest depends on what it names.
enum class Role : std::uint8_t {
  config,
  layer,  ///< A blob: a layer, or what an index lists that is no manifest (buildkit's cache).
  child,
  subject,
};

struct ManifestLink {
  Role role;
  Descriptor descriptor;
  /// False for what may be absent: the subject, non-distributable and foreign layers, and
  /// descriptors that carry `data` or `urls`.
  bool required = true;
};

/// An image manifest or index (OCI and Docker schema 2) as the registry needs to see it. The bytes
/// themselves are stored and served untouched.
struct Manifest {
  std::string media_type;
  /// The manifest's own artifactType, else its config's media type, else empty (referrers rules).
  std::string artifact_type;
  /// In the manifest's order; what it names twice is there twice.
  std::vector<ManifestLink> links;
  Annotations annotations;

  const Descriptor* subject() const noexcept;

  /// `content_type` is the request's, without parameters; where it says nothing about manifests
  /// (empty, application/json, application/octet-stream) the body decides. Refuses with
  /// manifest_invalid: media types outside the four known families (schema 1 with a text of its
  /// own), a body whose mediaType or shape disagrees, JSON deeper than 32, duplicate member names,
  /// wrong member types. A member that is null counts as absent.
  static Result<Manifest> parse(std::string_view bytes, std::string_view content_type);
};

/// The media type of stored bytes of unknown type (an adopted tree): the body's own mediaType,
/// else by shape. manifest_invalid when it is none we serve.
Result<std::string> detect_media_type(std::string_view bytes);

/// An OCI index that lists `referrers`, as the referrers endpoint answers.
std::string render_index(const std::vector<Descriptor>& referrers);

}  // namespace moorgate::oci
