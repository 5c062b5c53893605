#include "api/paging.hpp"

#include <algorithm>

#include "api/answer.hpp"
#include "api/error_body.hpp"
#include "base/text.hpp"

namespace moorgate::api {
namespace {

/// The most one page holds; a larger `n` is answered with this many and a Link.
constexpr std::size_t kPageLimit = 10'000;

}  // namespace

Result<meta::PageRequest> page_of(const Query& query) {
  meta::PageRequest page{.limit = kPageLimit};
  if (const auto n = query.find("n")) {
    const auto number = parse_decimal<std::uint64_t>(*n);
    if (!number) {
      return failure(Code::pagination_number_invalid,
                     "n must be a number of entries, not " + quoted(*n));
    }
    page.limit = static_cast<std::size_t>(std::min<std::uint64_t>(*number, kPageLimit));
  }
  if (const auto last = query.find("last")) page.after = *last;
  return page;
}

std::string render_names(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) {
    if (out.size() > 1) out += ',';
    out += json_string(name);
  }
  return out + "]";
}

void link_next(http::Exchange& exchange, std::string_view path, const meta::Page& page,
               const meta::PageRequest& request) {
  if (!page.more || page.names.empty()) return;
  exchange.header("Link", "<" + std::string(path) + "?last=" + percent_encode(page.names.back()) +
                              "&n=" + std::to_string(request.limit) + ">; rel=\"next\"");
}

Task<> send_catalog(http::Exchange& exchange, const meta::Page& page,
                    const meta::PageRequest& request) {
  start_answer(exchange, 200);
  link_next(exchange, "/v2/_catalog", page, request);
  co_await send_json(exchange, 200, R"({"repositories":)" + render_names(page.names) + "}\n");
}

}  // namespace moorgate::api
