#include "api/original_request.hpp"

#include <algorithm>
#include <string>

namespace moorgate::api {
namespace {

struct Family {
  std::string_view method;
  std::string_view uri;
  std::string_view advice;
};

constexpr Family kNginx{
    .method = "X-Original-Method",
    .uri = "X-Original-URI",
    .advice =
        "; nginx sends it after: proxy_set_header X-Original-Method $request_method; "
        "proxy_set_header X-Original-URI $request_uri;"};
constexpr Family kTraefik{.method = "X-Forwarded-Method",
                          .uri = "X-Forwarded-Uri",
                          .advice = "; Traefik's forwardAuth sends it by itself"};

Result<std::string_view> the_one(const http::RequestHead& head, std::string_view name,
                                 std::string_view advice) {
  switch (head.count(name)) {
    case 0:
      return failure(Code::bad_request, "the proxy's question lacks the header " +
                                            std::string(name) + std::string(advice));
    case 1:
      return *head.find(name);
    default:
      return failure(Code::bad_request,
                     "the proxy's question holds " + std::string(name) + " more than once");
  }
}

/// What a request line may hold as its target: visible ASCII. Everything else could be read in
/// another way by the registry behind.
bool is_target(std::string_view text) {
  return text.starts_with('/') && std::ranges::all_of(text, [](char c) {
           return c > 0x20 && c < 0x7f && c != '#' && c != '\\';
         });
}

}  // namespace

Result<OriginalRequest> original_request(const http::RequestHead& head, AskedBy asked_by) {
  const Family& family = asked_by == AskedBy::nginx ? kNginx : kTraefik;
  const auto method = the_one(head, family.method, family.advice);
  if (!method) return failure(method.error());
  const auto uri = the_one(head, family.uri, family.advice);
  if (!uri) return failure(uri.error());
  if (!is_target(*uri)) {
    return failure(Code::bad_request, std::string(family.uri) + " holds no path of a request");
  }
  const std::size_t mark = uri->find('?');
  return OriginalRequest{
      .method = http::method_of(*method),
      .method_text = *method,
      .path = uri->substr(0, mark),
      .query = mark == std::string_view::npos ? std::string_view{} : uri->substr(mark + 1)};
}

}  // namespace moorgate::api
