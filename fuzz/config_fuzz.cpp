// Any text is either a configuration without problems or one whose problems each say something; and
// what is read from it stays within the limits that were asked for.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/reader.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read_some_of_everything(const moorgate::config::Reader& root) {
  std::string text;
  bool flag = false;
  int number = 5;
  std::chrono::seconds duration{7};
  std::uint64_t size = 64;
  std::vector<std::string> list;
  root.read("text", text, "text");
  root.read("flag", flag, "flag");
  root.read("number", number, "number", {.min = 1, .max = 10});
  root.read("duration", duration, "duration", {.min = std::chrono::seconds(1)});
  root.read_size("size", size, "size", {.min = 1, .max = 1024});
  root.read("list", list, "list");
  require(number >= 1 && number <= 10);
  require(duration >= std::chrono::seconds(1));
  require(size >= 1 && size <= 1024);
  for (const auto& item : root.items("items", "items", "text")) item.read("text", text, "text");
  const auto names = root.section("names", "names");
  for (const auto& name : names.keys("NAME")) names.read(name, list, "members");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = moorgate::config::Document::parse(
      std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.yml");
  read_some_of_everything(document.root());
  for (const auto& problem : document.problems()) {
    require(!problem.message.empty());
    require(!to_string(problem).empty());
  }
  return 0;
}
