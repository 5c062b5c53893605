#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "oci/digest.hpp"

namespace moorgate::meta {

/// A digest as the database keeps it: one byte for the algorithm, then the raw hash.
std::string digest_key(const oci::Digest& digest);
/// nullopt if no digest_key() gives these bytes: the database is damaged.
std::optional<oci::Digest> digest_from_key(std::string_view key);

}  // namespace moorgate::meta
