#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace moorgate::net {

/// Buffers of one size, lent to whoever is busy and taken back when it idles, so that a waiting
/// connection holds none. One worker's own: no lock.
class BufferPool {
 public:
  /// A lent buffer; goes back on destruction. Empty when default-constructed or released.
  class Buffer {
   public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), memory_(std::move(other.memory_)) {}
    Buffer& operator=(Buffer&& other) noexcept {
      if (this != &other) {
        release();
        pool_ = std::exchange(other.pool_, nullptr);
        memory_ = std::move(other.memory_);
      }
      return *this;
    }
    ~Buffer() { release(); }

    explicit operator bool() const noexcept { return memory_ != nullptr; }
    char* data() const noexcept { return memory_.get(); }
    std::size_t size() const noexcept { return memory_ ? pool_->size_ : 0; }
    std::span<char> span() const noexcept { return {data(), size()}; }
    void release() noexcept {
      if (memory_) pool_->take_back(std::move(memory_));
      pool_ = nullptr;
    }

   private:
    friend class BufferPool;
    Buffer(BufferPool* pool, std::unique_ptr<char[]> memory)
        : pool_(pool), memory_(std::move(memory)) {}
    BufferPool* pool_ = nullptr;
    std::unique_ptr<char[]> memory_;
  };

  /// Buffers of `size` bytes, of which at most `keep` are held while nobody uses them.
  BufferPool(std::size_t size, std::size_t keep) : size_(size), keep_(keep) { free_.reserve(keep); }

  Buffer borrow() {
    if (free_.empty()) return {this, std::make_unique_for_overwrite<char[]>(size_)};
    auto memory = std::move(free_.back());
    free_.pop_back();
    spare_ = std::min(spare_, free_.size());
    return {this, std::move(memory)};
  }

  /// Frees half of what nobody has needed since the last call, so that a burst's memory goes back
  /// soon and a steady load never allocates. Called from time to time.
  void trim() noexcept {
    free_.erase(free_.begin(), free_.begin() + static_cast<std::ptrdiff_t>((spare_ + 1) / 2));
    spare_ = free_.size();
  }

  /// Buffers that lie here now.
  std::size_t held() const noexcept { return free_.size(); }

 private:
  void take_back(std::unique_ptr<char[]> memory) noexcept {
    if (free_.size() < keep_) free_.push_back(std::move(memory));
  }

  const std::size_t size_;
  const std::size_t keep_;
  std::vector<std::unique_ptr<char[]>> free_;
  /// The fewest that lay here since trim().
  std::size_t spare_ = 0;
};

}  // namespace moorgate::net
