#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"
#include "http/body_reader.hpp"

namespace moorgate::http {

/// Where the body of a request to a server comes from; asked for more only when the server took
/// what it got. Loop-owned, outlives the call it is given to.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// In all, where that is known; else the body goes out in chunks.
  virtual std::optional<std::uint64_t> length() const = 0;
  /// At least one byte, or 0 at the end.
  virtual Task<Result<std::size_t>> read_some(std::span<char> into) = 0;
  /// Makes a pending read_some() return `timeout`: the server has answered already.
  virtual void interrupt() noexcept = 0;
  /// Back to the start for a second attempt; false if that cannot be.
  virtual bool rewind() noexcept = 0;
};

/// A client's request body handed on. Reading starts, and "100 Continue" goes to the client, only
/// when the server wants the body.
class ForwardedBody final : public BodySource {
 public:
  explicit ForwardedBody(BodyReader& body) : body_(body), length_(body.remaining()) {}
  std::optional<std::uint64_t> length() const override { return length_; }
  Task<Result<std::size_t>> read_some(std::span<char> into) override;
  void interrupt() noexcept override { body_.interrupt(); }
  /// True as long as nothing was read.
  bool rewind() noexcept override { return body_.received() == 0; }

 private:
  BodyReader& body_;
  const std::optional<std::uint64_t> length_;
};

/// A short body that is at hand.
class TextBody final : public BodySource {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  std::optional<std::uint64_t> length() const override { return text_.size(); }
  Task<Result<std::size_t>> read_some(std::span<char> into) override;
  void interrupt() noexcept override {}
  bool rewind() noexcept override {
    sent_ = 0;
    return true;
  }

 private:
  const std::string text_;
  std::size_t sent_ = 0;
};

}  // namespace moorgate::http
