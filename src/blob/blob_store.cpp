#include "blob/blob_store.hpp"

#include <algorithm>
#include <cstring>

namespace moorgate::blob {

Task<Result<>> append(UploadSession& session, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> room = session.buffer();
    const std::size_t size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    bytes.remove_prefix(size);
    auto taken = co_await session.filled(size);
    if (!taken) co_return taken;
  }
  co_return Result<>{};
}

}  // namespace moorgate::blob
