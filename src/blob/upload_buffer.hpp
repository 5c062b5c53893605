#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace moorgate::blob {

/// The memory uploads are received into: borrowed on a loop, given back on a pool thread.
class UploadBuffers {
 public:
  static constexpr std::size_t kSize = 512U << 10U;

  /// One lent buffer, or none; goes back on destruction.
  class Buffer {
   public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept = default;
    Buffer& operator=(Buffer&& other) noexcept {
      if (this != &other) {
        release();
        owner_ = std::move(other.owner_);
        memory_ = std::move(other.memory_);
      }
      return *this;
    }
    ~Buffer() { release(); }

    explicit operator bool() const noexcept { return memory_ != nullptr; }
    std::span<char> span() const noexcept { return {memory_.get(), memory_ ? kSize : 0}; }
    void release() noexcept {
      if (memory_) owner_->take_back(std::move(memory_));
      owner_.reset();
    }

   private:
    friend class UploadBuffers;
    std::shared_ptr<UploadBuffers> owner_;
    std::unique_ptr<char[]> memory_;
  };

  /// So many are lent that an upload should be content with two.
  bool scarce() const {
    const std::scoped_lock lock(mutex_);
    return lent_ > kKeep;
  }

  static Buffer borrow(std::shared_ptr<UploadBuffers> from) {
    Buffer buffer;
    buffer.memory_ = from->take();
    buffer.owner_ = std::move(from);
    return buffer;
  }

 private:
  static constexpr std::size_t kKeep = 16;

  std::unique_ptr<char[]> take() {
    {
      const std::scoped_lock lock(mutex_);
      ++lent_;
      if (!free_.empty()) {
        auto memory = std::move(free_.back());
        free_.pop_back();
        return memory;
      }
    }
    return std::make_unique_for_overwrite<char[]>(kSize);
  }
  void take_back(std::unique_ptr<char[]> memory) noexcept {
    const std::scoped_lock lock(mutex_);
    --lent_;
    if (free_.size() < kKeep) free_.push_back(std::move(memory));
  }

  mutable std::mutex mutex_;
  std::size_t lent_ = 0;
  std::vector<std::unique_ptr<char[]>> free_;
};

}  // namespace moorgate::blob
