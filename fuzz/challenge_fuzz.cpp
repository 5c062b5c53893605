// WWW-Authenticate against its own printer: what was read, written down again with every value in
// quotes, reads the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "upstream/challenge_parser.hpp"

namespace {

using namespace moorgate::upstream;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string quote(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string print(const std::vector<Challenge>& all) {
  std::string out;
  for (const Challenge& challenge : all) {
    if (!out.empty()) out += ", ";
    out += challenge.scheme;
    if (!challenge.token68.empty()) out += ' ' + challenge.token68;
    const char* separator = " ";
    for (const auto& [name, value] : challenge.parameters) {
      out += separator + name + '=' + quote(value);
      separator = ",";
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto all = parse_challenges({reinterpret_cast<const char*>(data), size});
  if (!all) return 0;
  require(all->size() <= kMaxChallenges);
  for (const Challenge& challenge : *all) {
    require(!challenge.scheme.empty());
    require(challenge.parameters.size() <= kMaxChallengeParameters);
    require(challenge.token68.empty() || challenge.parameters.empty());
  }
  const std::string printed = print(*all);
  // Quotes and escapes may make it longer than what is read.
  if (printed.size() > kMaxChallengeText) return 0;
  const auto again = parse_challenges(printed);
  require(again && *again == *all);
  return 0;
}
