// The parser of answers' heads against Boost.Beast's as an oracle: whatever ours accepts, Beast
// accepts too and frames in the same way. The first byte chooses the request's method.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "http/response_head.hpp"

namespace {

using moorgate::http::Framing;
using moorgate::http::ResponseHead;

void require(bool holds) {
  if (!holds) std::abort();
}

void compare_with_beast(std::string_view bytes, bool head_request, const ResponseHead& head) {
  namespace beast = boost::beast::http;
  beast::response_parser<beast::empty_body> parser;
  parser.header_limit(1 << 20);
  parser.body_limit(boost::none);
  parser.skip(head_request);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  require(!error || error == beast::error::need_more || error == beast::error::unexpected_body);
  require(parser.is_header_done());
  const auto& theirs = parser.get();
  require(theirs.result_int() == static_cast<unsigned>(head.status));
  // Beast makes one up where there is none.
  if (!head.reason.empty()) require(theirs.reason() == head.reason);
  require(parser.chunked() == (head.find("Transfer-Encoding").has_value()));
  require(parser.content_length().has_value() == head.content_length.has_value() ||
          parser.chunked() || head.framing == Framing::none);
  if (head.framing == Framing::until_close) require(parser.need_eof());
  if (head.framing == Framing::length) require(*parser.content_length() == *head.content_length);
  std::size_t fields = 0;
  for (const auto& field : theirs) {
    require(head.count(field.name_string()) >= 1);
    ++fields;
  }
  require(fields == head.headers.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool head_request = data[0] == 'H';
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t searched = 0;
  const std::size_t end = moorgate::http::find_head_end(bytes, searched);
  if (end == 0) return 0;
  ResponseHead head;
  const auto refused = moorgate::http::parse_response_head(bytes.substr(0, end),
                                                           head_request ? "HEAD" : "GET", head);
  if (refused) {
    require(!refused->empty());
    return 0;
  }
  require(head.status >= 100 && head.status <= 599 && head.status != 101);
  require(head.headers.size() <= moorgate::http::kHeaderLimit);
  require(!head_request || head.framing == Framing::none);
  // Beast insists on the blank after the status, which servers without a reason leave out; and it
  // looks into Proxy-Connection, which means nothing to a client without a proxy.
  const bool comparable = bytes.substr(12, 1) == " " && !head.find("Proxy-Connection");
  if (comparable) compare_with_beast(bytes.substr(0, end), head_request, head);
  return 0;
}
