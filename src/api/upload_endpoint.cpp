#include "api/upload_endpoint.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/answer.hpp"
#include "base/text.hpp"
#include "oci/byte_range.hpp"

namespace moorgate::api {
namespace {

using http::Method;
using registry::Upload;

/// A blob of known length up to this is taken into memory and stored in one step.
constexpr std::uint64_t kSmallBlob = 512 << 10;
/// Clients that chunk should not chunk finer than this; finer chunks are taken all the same.
constexpr std::string_view kChunkHint = "65536";
/// Of the repositories that hold a blob, how many an anonymous mount looks at.
constexpr std::size_t kMountCandidates = 64;

void created_blob(http::Exchange& exchange, const access::Permit& permit,
                  const oci::Digest& digest) {
  start_answer(exchange, 201);
  exchange.header("Location", "/v2/" + permit.repository().text() + "/blobs/" + digest.text());
  exchange.header("Docker-Content-Digest", digest.text());
}

/// Status and headers that describe a session; clients take the next offset from Range.
void describe_session(http::Exchange& exchange, const access::Permit& permit, int status,
                      std::string_view id, std::uint64_t offset) {
  start_answer(exchange, status);
  exchange.header("Location",
                  "/v2/" + permit.repository().text() + "/blobs/uploads/" + std::string(id));
  exchange.header("Range", "0-" + std::to_string(offset == 0 ? 0 : offset - 1));
  exchange.header("Docker-Upload-UUID", id);
}

/// The chunk's place as its headers tell it: range_invalid if it is not what comes next.
Result<std::optional<std::uint64_t>> expected_length(const http::RequestHead& head,
                                                     std::uint64_t offset) {
  const auto header = head.find("Content-Range");
  if (!header) return std::nullopt;
  auto range = oci::parse_chunk_range(*header);
  if (!range) return failure(std::move(range).error());
  if (range->first != offset) {
    return failure(Code::range_invalid, "the chunk starts at byte " + std::to_string(range->first) +
                                            ", but the upload is at byte " +
                                            std::to_string(offset));
  }
  if (head.framing == http::Framing::length && head.content_length != range->length()) {
    return failure(Code::size_invalid, "Content-Range and Content-Length tell different lengths");
  }
  return range->length();
}

/// What becomes of an upload when a request failed that found it at `before`.
Task<> recover(Upload& upload, std::uint64_t before, Code code) {
  if (code == Code::insufficient_storage) {
    std::ignore = co_await upload.cancel();
    co_return;
  }
  // Of a client that is gone what it sent is kept, so that it can come back and resume.
  const bool gone = code == Code::end_of_stream || code == Code::timeout;
  auto recovered = gone ? Result<>{} : co_await upload.rewind(before);
  if (recovered) recovered = co_await upload.finish_chunk();
  // Not usable any more; with a pool that is only full it may be, so that it is left alone.
  const bool lost = !recovered && recovered.error().code != Code::unavailable;
  if (lost && !gone) std::ignore = co_await upload.cancel();
}

/// Receives the request's body into the upload, which recovers from an error.
Task<Result<>> receive(http::Exchange& exchange, Upload& upload) {
  const std::uint64_t before = upload.offset();
  auto expected = expected_length(exchange.head(), before);
  if (!expected) co_return failure(std::move(expected).error());
  Result<> outcome;
  while (outcome) {
    auto got = co_await exchange.body().read_some(upload.buffer());
    if (!got) {
      outcome = failure(std::move(got).error());
      break;
    }
    if (*got == 0) break;
    outcome = co_await upload.filled(*got);
  }
  if (outcome && *expected && exchange.body().received() != **expected) {
    outcome = failure(Code::size_invalid, "the chunk is not as long as its Content-Range says");
  }
  if (!outcome) co_await recover(upload, before, outcome.error().code);
  co_return outcome;
}

/// The same for a chunk, which is written when this returns without an error.
Task<Result<>> receive_chunk(http::Exchange& exchange, Upload& upload) {
  const std::uint64_t before = upload.offset();
  auto outcome = co_await receive(exchange, upload);
  if (!outcome) co_return outcome;
  outcome = co_await upload.finish_chunk();
  if (!outcome) co_await recover(upload, before, outcome.error().code);
  co_return outcome;
}

/// Answers a chunk that was not taken; the session is alive and its offset is told.
Task<> refuse_chunk(const Call& call, const access::Permit& permit, std::uint64_t offset,
                    Error error) {
  http::Exchange& exchange = call.exchange;
  if (error.code == Code::end_of_stream || error.code == Code::timeout) {
    exchange.close_after();
    error = {Code::blob_upload_invalid, "the client broke off in the middle of a chunk"};
    describe_session(exchange, permit, 400, call.route.upload_id, offset);
    co_await finish_error(exchange, std::move(error));
    co_return;
  }
  if (error.code != Code::range_invalid) {
    co_await send_error(exchange, std::move(error));
    co_return;
  }
  describe_session(exchange, permit, 416, call.route.upload_id, offset);
  co_await finish_error(exchange, std::move(error));
}

Result<oci::Digest> digest_parameter(const Query& query) {
  const auto text = query.find("digest");
  if (!text) {
    return failure(Code::digest_invalid,
                   "the request that ends an upload must name its digest: ?digest=sha256:…");
  }
  return oci::Digest::parse(*text);
}

}  // namespace

Task<> UploadEndpoint::start(const Call& call, const access::Permit& permit) {
  http::Exchange& exchange = call.exchange;
  std::optional<oci::Algorithm> algorithm;
  if (const auto text = call.query.find("digest-algorithm")) {
    auto parsed = oci::parse_algorithm(*text);
    if (!parsed) {
      co_await send_error(exchange, std::move(parsed).error());
      co_return;
    }
    algorithm = *parsed;
  }
  if (const auto text = call.query.find("mount")) {
    auto digest = oci::Digest::parse(*text);
    if (!digest) {
      co_await send_error(exchange, std::move(digest).error());
      co_return;
    }
    if (co_await mount(call, permit, *digest)) {
      created_blob(exchange, permit, *digest);
      co_await send_done(exchange);
      co_return;
    }
  } else if (call.query.find("digest") && exchange.head().framing != http::Framing::none) {
    auto digest = digest_parameter(call.query);
    if (!digest) {
      co_await send_error(exchange, std::move(digest).error());
      co_return;
    }
    co_await push_whole(call, permit, *digest);
    co_return;
  }
  co_await open_session(call, permit, algorithm);
}

/// A mount never fails: what may not or cannot be mounted becomes an ordinary upload, because
/// clients give up on any other answer.
Task<bool> UploadEndpoint::mount(const Call& call, const access::Permit& permit,
                                 const oci::Digest& digest) {
  std::vector<oci::RepositoryName> sources;
  if (const auto from = call.query.find("from")) {
    if (auto name = oci::RepositoryName::parse(*from)) sources.push_back(std::move(*name));
  } else {
    auto holders = co_await registry_.blob_holders(digest);
    if (holders) sources = std::move(*holders);
  }
  if (sources.size() > kMountCandidates) {
    sources.erase(sources.begin() + kMountCandidates, sources.end());
  }
  for (const oci::RepositoryName& source : sources) {
    const auto pull = authorizer_.authorize(call.principal, source, access::Action::pull);
    if (!pull) continue;
    const auto mounted = co_await registry_.mount_blob(permit, *pull, digest);
    if (mounted && *mounted) co_return true;
  }
  co_return false;
}

Task<> UploadEndpoint::push_whole(const Call& call, const access::Permit& permit,
                                  const oci::Digest& digest) {
  http::Exchange& exchange = call.exchange;
  const auto length = exchange.body().remaining();
  Result<> outcome;
  if (length && *length <= kSmallBlob) {
    auto bytes = co_await exchange.body().read_all(kSmallBlob);
    outcome = bytes ? co_await registry_.push_blob(permit, digest, std::move(*bytes))
                    : Result<>(failure(std::move(bytes).error()));
  } else {
    auto upload = co_await registry_.start_upload(permit, digest.algorithm());
    if (!upload) {
      co_await send_error(exchange, std::move(upload).error());
      co_return;
    }
    outcome = co_await receive(exchange, **upload);
    if (outcome) outcome = co_await (*upload)->commit(digest);
    if (!outcome) std::ignore = co_await (*upload)->cancel();
  }
  if (!outcome) {
    co_await send_error(exchange, std::move(outcome).error());
    co_return;
  }
  created_blob(exchange, permit, digest);
  co_await send_done(exchange);
}

Task<> UploadEndpoint::open_session(const Call& call, const access::Permit& permit,
                                    std::optional<oci::Algorithm> algorithm) {
  auto upload = co_await registry_.start_upload(permit, algorithm);
  if (!upload) {
    co_await send_error(call.exchange, std::move(upload).error());
    co_return;
  }
  describe_session(call.exchange, permit, 202, (*upload)->id(), 0);
  call.exchange.header("OCI-Chunk-Min-Length", kChunkHint);
  // The client may send its first chunk the moment it sees the answer.
  upload->reset();
  co_await send_done(call.exchange);
}

Task<> UploadEndpoint::continue_session(const Call& call, const access::Permit& permit) {
  switch (call.exchange.head().method) {
    case Method::patch:
      return patch(call, permit);
    case Method::put:
      return put(call, permit);
    case Method::remove:
      return cancel(call, permit);
    default:
      return status(call, permit);
  }
}

Task<> UploadEndpoint::patch(const Call& call, const access::Permit& permit) {
  auto taken = co_await registry_.take_upload(permit, call.route.upload_id);
  if (!taken) {
    co_await send_error(call.exchange, std::move(taken).error());
    co_return;
  }
  std::unique_ptr<Upload> upload = std::move(*taken);
  if (auto received = co_await receive_chunk(call.exchange, *upload); !received) {
    const std::uint64_t offset = upload->offset();
    upload.reset();
    co_await refuse_chunk(call, permit, offset, std::move(received).error());
    co_return;
  }
  describe_session(call.exchange, permit, 202, upload->id(), upload->offset());
  upload.reset();
  co_await send_done(call.exchange);
}

Task<> UploadEndpoint::put(const Call& call, const access::Permit& permit) {
  http::Exchange& exchange = call.exchange;
  auto digest = digest_parameter(call.query);
  if (!digest) {
    co_await send_error(exchange, std::move(digest).error());
    co_return;
  }
  auto taken = co_await registry_.take_upload(permit, call.route.upload_id);
  if (!taken) {
    co_await send_error(exchange, std::move(taken).error());
    co_return;
  }
  std::unique_ptr<Upload> upload = std::move(*taken);
  const std::uint64_t before = upload->offset();
  if (auto received = co_await receive(exchange, *upload); !received) {
    const std::uint64_t offset = upload->offset();
    upload.reset();
    co_await refuse_chunk(call, permit, offset, std::move(received).error());
    co_return;
  }
  auto committed = co_await upload->commit(*digest);
  if (!committed) co_await recover(*upload, before, committed.error().code);
  upload.reset();
  if (!committed) {
    co_await send_error(exchange, std::move(committed).error());
    co_return;
  }
  created_blob(exchange, permit, *digest);
  co_await send_done(exchange);
}

Task<> UploadEndpoint::status(const Call& call, const access::Permit& permit) {
  auto offset = co_await registry_.upload_offset(permit, call.route.upload_id);
  if (!offset) {
    co_await send_error(call.exchange, std::move(offset).error());
    co_return;
  }
  describe_session(call.exchange, permit, 204, call.route.upload_id, *offset);
  co_await send_done(call.exchange);
}

Task<> UploadEndpoint::cancel(const Call& call, const access::Permit& permit) {
  auto cancelled = co_await registry_.cancel_upload(permit, call.route.upload_id);
  if (!cancelled) {
    co_await send_error(call.exchange, std::move(cancelled).error());
    co_return;
  }
  start_answer(call.exchange, 204);
  co_await send_done(call.exchange);
}

}  // namespace moorgate::api
