#pragma once

#include <string>

namespace moorgate::blob {

/// A fresh id for BlobStore::create_upload(): a random UUID, so that it cannot be guessed either.
std::string new_upload_id();

}  // namespace moorgate::blob
