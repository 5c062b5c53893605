#pragma once

#include <cstdint>
#include <span>

#include "base/unique_fd.hpp"
#include "blob/blob_store.hpp"
#include "net/blocking.hpp"

namespace moorgate::blob {

/// A blob's open file. Reads what memory holds on the loop and the rest on the pool.
class FileBlobReader final : public BlobReader {
 public:
  FileBlobReader(net::Blocking& blocking, UniqueFd file, std::uint64_t size)
      : blocking_(blocking), file_(std::move(file)), size_(size) {}
  ~FileBlobReader() override;

  std::uint64_t size() const noexcept override { return size_; }
  int file() const noexcept override { return file_.get(); }
  Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<char> into) override;

 private:
  net::Blocking& blocking_;
  UniqueFd file_;
  const std::uint64_t size_;
};

}  // namespace moorgate::blob
