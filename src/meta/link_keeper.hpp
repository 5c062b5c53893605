#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/error.hpp"
#include "oci/digest.hpp"

namespace moorgate::meta {

/// One committed change of what a repository holds, for whoever mirrors it outside of the database.
struct LinkChange {
  enum class Kind : std::uint8_t { blob, manifest, tag };
  std::int64_t id = 0;  ///< Grows with every change; never used twice.
  Kind kind;
  bool present = true;  ///< False: it is there no more.
  std::string repository;
  std::string tag = {};         ///< Only of a tag.
  oci::Digest digest;           ///< Of a tag: what it points at, or pointed at.
  std::int64_t changed_at = 0;  ///< Unix milliseconds.
};

/// Mirrors what repositories hold in a second place: Distribution's link files. It is told after
/// the commit and before the client hears of it.
class LinkKeeper {
 public:
  virtual ~LinkKeeper() = default;
  /// Brings these changes, in order, to the second place, durably. May be given changes that were
  /// applied before. After an error all of them come again with the next call, in front of what
  /// is new by then. From one thread, which may wait for the disk.
  virtual Result<> apply(std::span<const LinkChange> changes) = 0;
};

}  // namespace moorgate::meta
