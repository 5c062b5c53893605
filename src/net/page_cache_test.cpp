#include "net/page_cache.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.hpp"

namespace moorgate::net {
namespace {

constexpr std::uint64_t kSize = 3U << 20U;

/// In the build folder: what memory holds of a file in /tmp may be all of it, always.
UniqueFd nameless_file() {
  return UniqueFd(::open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

TEST(PageCache, HoldsWhatWasJustWritten) {
  const UniqueFd file = nameless_file();
  const std::string bytes(kSize, 'x');
  ASSERT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(kSize));
  EXPECT_TRUE(is_cached(file.get(), 0, kSize));
  EXPECT_TRUE(is_cached(file.get(), 12'345, kSize - 54'321));
  EXPECT_TRUE(is_cached(file.get(), 7, 7));
}

TEST(PageCache, DoesNotHoldWhatNobodyRead) {
  const UniqueFd file = nameless_file();
  ASSERT_EQ(::ftruncate(file.get(), static_cast<off_t>(kSize)), 0);
  EXPECT_FALSE(is_cached(file.get(), 0, kSize));
  // The last byte alone does not make the rest warm.
  ASSERT_EQ(::pwrite(file.get(), "x", 1, static_cast<off_t>(kSize - 1)), 1);
  EXPECT_FALSE(is_cached(file.get(), 0, kSize));
  EXPECT_TRUE(is_cached(file.get(), kSize - 1, kSize));
}

TEST(PageCache, HoldsNothingBehindTheEnd) {
  const UniqueFd file = nameless_file();
  EXPECT_FALSE(is_cached(file.get(), 0, 1));
}

}  // namespace
}  // namespace moorgate::net
