#include "auth/proxied_user.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/htpasswd_file.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace moorgate::auth {
namespace {

Result<> check_name(std::string_view what, std::string_view name) {
  std::string why;
  if (auto valid = check_user_name(name); !valid) why = std::move(valid).error().message;
  if (find_invalid_utf8(name) != std::string_view::npos) why = "it is no UTF-8";
  if (why.empty()) return {};
  return failure(Code::bad_request, "the proxy names a " + std::string(what) +
                                        " that none can have, " + moorgate::quoted(name) + ": " +
                                        why);
}

Result<std::vector<std::string>> parse_groups(std::string_view text) {
  const char separator = text.contains(',') ? ',' : ' ';
  std::vector<std::string> groups;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    const std::string_view group = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (group.empty()) continue;
    if (auto valid = check_name("group", group); !valid) return failure(valid.error());
    if (groups.size() == kProxiedGroupLimit) {
      return failure(Code::bad_request,
                     "the proxy names more than 256 groups; have it send only those that the "
                     "access rules know");
    }
    groups.emplace_back(group);
  }
  return groups;
}

}  // namespace

Result<std::shared_ptr<const Principal>> principal_of(const http::ProxiedUser& user) {
  if (auto valid = check_name("user", user.name); !valid) return failure(valid.error());
  auto groups = parse_groups(user.groups);
  if (!groups) return failure(std::move(groups).error());
  return std::make_shared<const Principal>(user.name, "proxy", *std::move(groups));
}

}  // namespace moorgate::auth
