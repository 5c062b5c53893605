#pragma once

#include <cstddef>
#include <memory>

#include "base/error.hpp"
#include "base/task.hpp"
#include "blob/upload_buffer.hpp"
#include "blob/upload_file.hpp"
#include "net/blocking.hpp"

namespace moorgate::blob {

/// The writes of one upload, in order, on pool threads, while its loop receives what comes next.
/// Between two of them others have their turn on the pool. Loop-owned, one caller at a time; may
/// be destroyed while something is left to write, which is then still written.
class WriteBehind {
 public:
  WriteBehind(net::Blocking& pool, std::shared_ptr<UploadFile> file);

  /// Writes the first `size` bytes of `buffer` behind all others. After a failure, that of an
  /// earlier write included, nothing is left to write; `unavailable` when the pool is full.
  Task<Result<>> add(UploadBuffers::Buffer buffer, std::size_t size);

  /// Until at most `pieces` are left to write. The first failure since it was last asked: what
  /// came behind that is dropped.
  Task<Result<>> wait(std::size_t pieces);

  /// False: nothing is left to write, and the file is the loop's until the next add().
  bool running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace moorgate::blob
