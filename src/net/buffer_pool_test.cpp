#include "net/buffer_pool.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace moorgate::net {
namespace {

class BufferPoolTest : public testing::Test {
 protected:
  /// Lends `count` buffers at once and takes them back.
  void burst(std::size_t count) {
    std::vector<BufferPool::Buffer> lent;
    for (std::size_t i = 0; i < count; ++i) lent.push_back(pool_.borrow());
  }

  BufferPool pool_{1024, 8};
};

TEST_F(BufferPoolTest, KeepsNoMoreThanItMay) {
  burst(20);
  EXPECT_EQ(pool_.held(), 8U);
}

TEST_F(BufferPoolTest, GivesABurstsMemoryBackInSteps) {
  burst(8);
  pool_.trim();
  EXPECT_EQ(pool_.held(), 8U) << "all of them were needed since the last look";
  for (const std::size_t left : {4U, 2U, 1U, 0U, 0U}) {
    pool_.trim();
    EXPECT_EQ(pool_.held(), left);
  }
}

TEST_F(BufferPoolTest, KeepsWhatIsInUseAllTheTime) {
  burst(8);
  for (int i = 0; i < 10; ++i) {
    pool_.trim();
    burst(3);
  }
  EXPECT_EQ(pool_.held(), 3U);
}

}  // namespace
}  // namespace moorgate::net
