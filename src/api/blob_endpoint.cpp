#include "api/blob_endpoint.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/answer.hpp"
#include "oci/byte_range.hpp"

namespace moorgate::api {
namespace {

using http::Method;

std::string quoted_digest(const oci::Digest& digest) {
  return '"' + digest.text() + '"';
}

void describe(http::Exchange& exchange, const oci::Digest& digest) {
  exchange.header("Content-Type", "application/octet-stream");
  exchange.header("Docker-Content-Digest", digest.text());
  exchange.header("ETag", quoted_digest(digest));
  exchange.header("Accept-Ranges", "bytes");
}

/// The range to send, or nullopt for the whole blob. If-Range with another ETag asks for all.
Result<std::optional<oci::ByteRange>> wanted_range(const http::RequestHead& head,
                                                   const oci::Digest& digest, std::uint64_t size) {
  const auto header = head.find("Range");
  if (!header) return std::nullopt;
  const auto only_if = head.find("If-Range");
  if (only_if && *only_if != quoted_digest(digest)) return std::nullopt;
  return oci::parse_range(*header, size);
}

Task<> send_bytes(http::Exchange& exchange, blob::BlobReader& reader, std::uint64_t offset,
                  std::uint64_t length) {
  if (reader.file() >= 0) {
    co_await exchange.send_file(reader.file(), offset, length);
    co_return;
  }
  if (!co_await exchange.begin(length)) co_return;
  std::vector<char> piece(256 << 10);
  while (length > 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), length));
    auto got = co_await reader.read_at(offset, std::span(piece).first(want));
    if (!got || *got == 0) {
      exchange.cut_off();
      co_return;
    }
    if (!co_await exchange.write({piece.data(), *got})) co_return;
    offset += *got;
    length -= *got;
  }
}

}  // namespace

Task<> BlobEndpoint::handle(const Call& call, const access::Permit& permit) {
  switch (call.exchange.head().method) {
    case Method::head:
      return head(call, permit);
    case Method::remove:
      return remove(call, permit);
    default:
      return get(call, permit);
  }
}

Task<> BlobEndpoint::head(const Call& call, const access::Permit& permit) {
  http::Exchange& exchange = call.exchange;
  const oci::Digest& digest = *call.route.reference->digest();
  auto size = co_await registry_.stat_blob(permit, digest);
  if (!size) {
    co_await send_error(exchange, std::move(size).error());
    co_return;
  }
  start_answer(exchange, 200);
  describe(exchange, digest);
  co_await exchange.send_head(*size);
}

Task<> BlobEndpoint::get(const Call& call, const access::Permit& permit) {
  http::Exchange& exchange = call.exchange;
  const oci::Digest& digest = *call.route.reference->digest();
  auto opened = co_await registry_.open_blob(permit, digest);
  if (!opened) {
    co_await send_error(exchange, std::move(opened).error());
    co_return;
  }
  blob::BlobReader& reader = **opened;
  const auto known = exchange.head().find("If-None-Match");
  if (known && etag_matches(*known, quoted_digest(digest))) {
    start_answer(exchange, 304);
    exchange.header("ETag", quoted_digest(digest));
    co_await exchange.send_empty();
    co_return;
  }
  auto range = wanted_range(exchange.head(), digest, reader.size());
  if (!range) {
    start_answer(exchange, 416);
    exchange.header("Content-Range", "bytes */" + std::to_string(reader.size()));
    co_await finish_error(exchange, std::move(range).error());
    co_return;
  }
  start_answer(exchange, *range ? 206 : 200);
  describe(exchange, digest);
  if (!*range) {
    co_await send_bytes(exchange, reader, 0, reader.size());
    co_return;
  }
  const oci::ByteRange part = **range;
  exchange.header("Content-Range", "bytes " + std::to_string(part.first) + "-" +
                                       std::to_string(part.last) + "/" +
                                       std::to_string(reader.size()));
  co_await send_bytes(exchange, reader, part.first, part.length());
}

Task<> BlobEndpoint::remove(const Call& call, const access::Permit& permit) {
  auto removed = co_await registry_.delete_blob(permit, *call.route.reference->digest());
  if (!removed) {
    co_await send_error(call.exchange, std::move(removed).error());
    co_return;
  }
  start_answer(call.exchange, 202);
  co_await send_done(call.exchange);
}

}  // namespace moorgate::api
