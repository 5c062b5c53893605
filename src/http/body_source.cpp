#include "http/body_source.hpp"

#include <algorithm>
#include <cstring>

namespace moorgate::http {

Task<Result<std::size_t>> ForwardedBody::read_some(std::span<char> into) {
  return body_.read_some(into);
}

Task<Result<std::size_t>> TextBody::read_some(std::span<char> into) {
  const std::size_t count = std::min(into.size(), text_.size() - sent_);
  if (count > 0) std::memcpy(into.data(), text_.data() + sent_, count);
  sent_ += count;
  co_return count;
}

}  // namespace moorgate::http
