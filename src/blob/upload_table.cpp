#include "blob/upload_table.hpp"

#include <utility>

namespace moorgate::blob {

Result<std::optional<UploadTable::Progress>> UploadTable::enter(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  if (!held_.insert(id).second) {
    return failure(Code::blob_upload_invalid, "another request is writing to this upload");
  }
  std::optional<Progress> progress;
  if (auto node = idle_.extract(id)) progress = std::move(node.mapped());
  return progress;
}

void UploadTable::leave(const std::string& id, std::optional<Progress> progress) {
  const std::scoped_lock lock(mutex_);
  held_.erase(id);
  if (!progress) return;
  if (idle_.size() >= limit_) idle_.erase(idle_.begin());
  idle_.insert_or_assign(id, std::move(*progress));
}

void UploadTable::forget(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  idle_.erase(id);
}

}  // namespace moorgate::blob
