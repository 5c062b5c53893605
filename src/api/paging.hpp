#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/query.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "http/exchange.hpp"
#include "meta/metadata_store.hpp"

/// Lists in pages, as the distribution spec has them: ?n= and ?last=, and a Link to the next page.
namespace moorgate::api {

/// The page asked for; a larger `n` than the most a page holds is answered with that many.
/// pagination_number_invalid if `n` is no number.
Result<meta::PageRequest> page_of(const Query& query);

/// The names as a JSON array.
std::string render_names(const std::vector<std::string>& names);

/// The answer of _catalog.
Task<> send_catalog(http::Exchange& exchange, const meta::Page& page,
                    const meta::PageRequest& request);

/// The Link to what follows `page`, if anything does.
void link_next(http::Exchange& exchange, std::string_view path, const meta::Page& page,
               const meta::PageRequest& request);

}  // namespace moorgate::api
