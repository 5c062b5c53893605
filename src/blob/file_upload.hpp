#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "blob/blob_store.hpp"
#include "blob/upload_buffer.hpp"
#include "blob/upload_file.hpp"
#include "blob/write_behind.hpp"
#include "net/blocking.hpp"

namespace moorgate::blob {

/// The loop's half of an upload: lends one buffer to be filled while those before it are hashed and
/// written on the pool. Holds no buffer between flush() and the next buffer().
class FileUpload final : public UploadSession {
 public:
  FileUpload(net::Blocking& blocking, std::shared_ptr<UploadBuffers> buffers,
             std::shared_ptr<UploadFile> file);
  ~FileUpload() override;

  std::uint64_t offset() const noexcept override { return written_ + used_; }
  std::span<char> buffer() override;
  Task<Result<>> filled(std::size_t size) override;
  Task<Result<>> flush() override;
  Task<Result<>> truncate(std::uint64_t offset) override;
  Task<Result<std::uint64_t>> commit(oci::Digest expected) override;

 private:
  Task<Result<>> wait(std::size_t pieces);
  Task<Result<>> hash_rest();
  Task<Result<>> start_writing();
  Error give_up_bytes(Error error);

  net::Blocking& blocking_;
  const std::shared_ptr<UploadBuffers> buffers_;
  const std::shared_ptr<UploadFile> file_;
  WriteBehind writes_;
  /// What the file holds once what is under way has ended well.
  std::uint64_t written_;
  UploadBuffers::Buffer buffer_;
  std::size_t used_ = 0;
};

}  // namespace moorgate::blob
