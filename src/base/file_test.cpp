#include "base/file.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace moorgate {
namespace {

TEST(ReadFile, GivesTheWholeFileOrSaysWhyNot) {
  const auto folder = std::filesystem::path(testing::TempDir());
  const auto path = folder / "moorgate_read_file_test";
  const std::string text(40'000, 'x');
  std::ofstream(path) << text;
  EXPECT_EQ(read_file(path, 40'000), text);
  EXPECT_EQ(read_file(path, 39'999).error().code, Code::size_invalid);
  std::filesystem::remove(path);
  const auto missing = read_file(path, 10);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().detail.find("No such file"), std::string::npos);
  EXPECT_FALSE(read_file(folder, 10));
}

}  // namespace
}  // namespace moorgate
