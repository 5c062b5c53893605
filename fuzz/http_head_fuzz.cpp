// The head parser against Boost.Beast's as an oracle: whatever ours accepts, Beast accepts too and
// reads in the same way. (The reverse does not hold: ours is stricter on purpose.)
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "http/request_head.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// Beast looks into it, we do not: it means nothing to a server that is no proxy.
bool has_proxy_connection(const moorgate::http::RequestHead& head) {
  return head.find("Proxy-Connection").has_value();
}

void compare_with_beast(std::string_view bytes, const moorgate::http::RequestHead& head) {
  namespace beast = boost::beast::http;
  beast::request_parser<beast::empty_body> parser;
  parser.header_limit(1 << 20);
  parser.body_limit(boost::none);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  require(!error || error == beast::error::need_more || error == beast::error::unexpected_body);
  require(parser.is_header_done());
  const auto& theirs = parser.get();
  require(theirs.target() == head.target);
  require(theirs.method_string() == head.method_text);
  require(parser.chunked() == (head.framing == moorgate::http::Framing::chunked));
  if (head.framing == moorgate::http::Framing::length) {
    require(parser.content_length().value_or(0) == head.content_length);
  }
  std::size_t fields = 0;
  for (const auto& field : theirs) {
    require(head.count(field.name_string()) >= 1);
    ++fields;
  }
  require(fields == head.headers.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t searched = 0;
  const std::size_t end = moorgate::http::find_head_end(bytes, searched);
  if (end == 0) return 0;
  moorgate::http::RequestHead head;
  const auto refused = moorgate::http::parse_head(bytes.substr(0, end), head);
  if (refused) {
    require(refused->status >= 400 && !refused->reason.empty());
    return 0;
  }
  require(head.target.starts_with('/'));
  require(head.headers.size() <= moorgate::http::kHeaderLimit);
  if (!has_proxy_connection(head)) compare_with_beast(bytes.substr(0, end), head);
  return 0;
}
