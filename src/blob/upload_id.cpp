#include "blob/upload_id.hpp"

#include "crypto/random.hpp"

namespace moorgate::blob {

std::string new_upload_id() {
  return crypto::random_uuid();
}

}  // namespace moorgate::blob
