#include "api/upstream_catalog.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "api/upstream_relay.hpp"
#include "api/upstream_target.hpp"
#include "gateway/header_rewrite.hpp"

namespace moorgate::api {
namespace {

namespace json = boost::json;

constexpr std::string_view kPath = "/v2/_catalog";
/// What the registries in the field give in one page at most.
constexpr std::string_view kPageSize = "1000";
constexpr std::size_t kBodyLimit = 4 << 20;

struct UpstreamPage {
  std::vector<std::string> names;
  /// Query of the next page; nothing on the last one.
  std::optional<std::string> next;
  std::size_t bytes = 0;
};

std::optional<std::vector<std::string>> parse_names(std::string_view body) {
  boost::system::error_code error;
  const json::value document = json::parse(body, error);
  if (error || !document.is_object()) return std::nullopt;
  std::vector<std::string> names;
  const json::value* const list = document.get_object().if_contains("repositories");
  // Writers in Go print an empty list as null.
  if (list == nullptr || list->is_null()) return names;
  if (!list->is_array()) return std::nullopt;
  for (const json::value& name : list->get_array()) {
    if (!name.is_string()) return std::nullopt;
    names.emplace_back(name.get_string());
  }
  return names;
}

std::string first_query(std::string_view size, std::string_view after) {
  std::string target(kPath);
  if (!size.empty()) target = with_parameter(std::move(target), "n", size);
  if (!after.empty()) target = with_parameter(std::move(target), "last", after);
  return target;
}

Task<http::ClientResult<UpstreamPage>> fetch_page(gateway::ReverseProxy& proxy,
                                                  std::string target) {
  auto answer = co_await proxy.fetch(std::move(target), "registry:catalog:*", "application/json");
  if (!answer) co_return std::unexpected(std::move(answer).error());
  const int status = answer->head().status;
  if (status != 200) {
    auto failed = senseless("the registry behind gives no list of its repositories",
                            "it answered " + std::to_string(status));
    // It may only dislike the size of the page.
    if (status == 400) failed.kind = http::ClientFailure::Kind::refused;
    co_return std::unexpected(std::move(failed));
  }
  UpstreamPage page;
  page.next = gateway::next_page_query(answer->head().find("Link").value_or(""));
  const auto body = co_await answer->read_all(kBodyLimit);
  auto names = body ? parse_names(*body) : std::nullopt;
  if (!names) {
    co_return std::unexpected(
        senseless("the registry behind gives no usable list of its "
                  "repositories",
                  body ? "malformed" : body.error().detail));
  }
  page.names = std::move(*names);
  page.bytes = body->size();
  co_return page;
}

/// Moves what `who` may see into `visible`; false once that is a full page and there is more.
bool sift(std::vector<std::string>& names, const access::Authorizer& authorizer,
          const auth::Principal& who, std::size_t limit, meta::Page& visible) {
  for (std::string& text : names) {
    const auto name = oci::RepositoryName::parse(text);
    if (!name || !authorizer.may(who, *name, access::Action::pull)) continue;
    if (visible.names.size() == limit) {
      visible.more = true;
      return false;
    }
    visible.names.push_back(std::move(text));
  }
  return true;
}

}  // namespace

Task<http::ClientResult<meta::Page>> upstream_catalog(gateway::ReverseProxy& proxy,
                                                      const access::Authorizer& authorizer,
                                                      const auth::Principal& who,
                                                      meta::PageRequest request) {
  meta::Page visible;
  if (request.limit == 0) co_return visible;
  std::string target = first_query(kPageSize, request.after);
  std::size_t read = 0;
  for (int asked = 0; asked < kCatalogPages && read < kCatalogBytes; ++asked) {
    auto page = co_await fetch_page(proxy, target);
    if (!page && asked == 0 && page.error().kind == http::ClientFailure::Kind::refused) {
      page = co_await fetch_page(proxy, first_query({}, request.after));
    }
    if (!page) {
      page.error().kind = page.error().kind == http::ClientFailure::Kind::refused
                              ? http::ClientFailure::Kind::malformed
                              : page.error().kind;
      co_return std::unexpected(std::move(page).error());
    }
    read += page->bytes;
    if (!sift(page->names, authorizer, who, request.limit, visible)) co_return visible;
    if (!page->next) co_return visible;
    target = std::string(kPath) + "?" + *page->next;
  }
  if (visible.names.empty()) {
    co_return std::unexpected(
        senseless("the registry behind holds too many repositories that you may not see; ask for "
                  "those after a certain one with ?last="));
  }
  visible.more = true;
  co_return visible;
}

}  // namespace moorgate::api
