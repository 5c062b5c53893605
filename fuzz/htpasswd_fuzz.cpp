// The password file's parser and the editing of `moorgate htpasswd` against each other: what was
// set is found, what was removed is gone, and no other user comes or goes. Authorization headers,
// the other text a stranger can send, are read along the way.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/credentials.hpp"
#include "auth/htpasswd_file.hpp"

namespace {

using namespace moorgate::auth;

constexpr std::string_view kUser = "fuzz";
constexpr std::string_view kHash = "{SHA}B/PcQHeAKywePq/ztWiCWf9lImE=";

void require(bool holds) {
  if (!holds) std::abort();
}

void check_credentials(std::string_view text) {
  const auto credentials = Credentials::parse(text);
  if (!credentials) return;
  require(credentials->none() == credentials->password().empty());
  require(credentials->user().size() <= Credentials::kMaxUser);
  require(!credentials->user().contains('\0') && !credentials->user().contains(':'));
}

void check_table(const HtpasswdFile& parsed) {
  require((parsed.table == nullptr) == !parsed.errors.empty());
  if (!parsed.table) return;
  const auto& decoy = parsed.table->decoy();
  require(decoy.usable && classify(decoy.hash) == decoy.scheme);
}

void check_editing(std::string_view original) {
  std::string text(original);
  set_user(text, kUser, kHash);
  const auto with = parse_htpasswd(text, "fuzz");
  check_table(with);
  if (with.table) {
    const auto* entry = with.table->find(kUser);
    require(entry != nullptr && entry->usable && entry->hash == kHash);
  }
  require(set_user(text, kUser, kHash));
  require(parse_htpasswd(text, "fuzz").errors.size() == with.errors.size());

  require(remove_user(text, kUser));
  require(!remove_user(text, kUser));
  const auto without = parse_htpasswd(text, "fuzz");
  check_table(without);
  if (!without.table) return;
  require(without.table->find(kUser) == nullptr);
  require(!with.table || with.table->size() == without.table->size() + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_credentials(text);
  check_table(parse_htpasswd(text, "fuzz"));
  check_editing(text);
  return 0;
}
