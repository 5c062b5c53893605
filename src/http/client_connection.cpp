#include "http/client_connection.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/text.hpp"
#include "http/client_upload.hpp"
#include "http/head_syntax.hpp"
#include "net/stream.hpp"
#include "net/worker.hpp"

namespace moorgate::http {
namespace {

/// A longer head moves to a large buffer, so that the body's framing finds room behind it.
constexpr std::size_t kSmallHead = 24 << 10;
constexpr int kInterimLimit = 16;
/// How long an answer may take that explains why the server took no more of a body.
constexpr std::chrono::milliseconds kLastWord{5'000};
constexpr std::string_view kBegin = "HTTP/1.";
/// How often an answer that is waited for is asked about.
constexpr std::chrono::milliseconds kLook{1'000};

using Kind = ClientFailure::Kind;

std::unexpected<ClientFailure> malformed(std::string_view why) {
  return client_failure(Kind::malformed, "the server's answer is not usable HTTP",
                        std::string(why));
}

bool carries_body(const BodySource* body) {
  return body != nullptr && body->length() != 0;
}

}  // namespace

ClientConnection::ClientConnection(net::Worker& worker, std::unique_ptr<net::Stream> stream,
                                   std::string host, ClientTimeouts timeouts)
    : worker_(worker),
      stream_(std::move(stream)),
      host_(std::move(host)),
      timeouts_(timeouts),
      deadline_(worker.watchdog(), [this] { look_at_wait(); }),
      body_(*stream_, deadline_, input_, timeouts.progress) {}

ClientConnection::~ClientConnection() = default;

void ClientConnection::give_up() noexcept {
  timed_out_ = true;
  stream_->abort();
}

void ClientConnection::wait_for_answer(const ClientRequest& request) {
  awaited_ = &request;
  answer_by_ = net::coarse_now() + timeouts_.response.count();
  deadline_.set(std::min(timeouts_.response, kLook));
}

void ClientConnection::answer_arrived() noexcept {
  awaited_ = nullptr;
  deadline_.clear();
}

void ClientConnection::look_at_wait() {
  const std::chrono::milliseconds left(awaited_ == nullptr ? 0 : answer_by_ - net::coarse_now());
  if (left.count() <= 0) return give_up();
  if (awaited_->wanted()) return deadline_.set(std::min(left, kLook));
  abandoned_ = true;
  stream_->abort();
}

bool ClientConnection::complete() const noexcept {
  return sent_ && complete_ && body_.finished() && head_.keep_alive &&
         head_.framing != Framing::until_close && input_.bytes().empty();
}

bool ClientConnection::reusable() const noexcept {
  return complete() && stream_->quiet();
}

void ClientConnection::rest() noexcept {
  head_.headers.clear();
  head_.reason = {};
  input_ = {};
  buffer_.release();
}

Result<std::string> ClientConnection::render(const ClientRequest& request,
                                             const BodySource* body) const {
  if (!is_token(request.method()) || !is_origin_form(request.target()) ||
      !is_field_value(request.authorization().reveal())) {
    return failure(Code::internal, "a request cannot be written down",
                   quoted(request.method()) + " " + quoted(request.target()));
  }
  std::string out;
  out.reserve(512 + request.lines().size());
  out.append(request.method()).append(" ").append(request.target()).append(" HTTP/1.1\r\nHost: ");
  out.append(host_).append("\r\n").append(request.lines());
  if (!request.authorization().empty()) {
    out.append("Authorization: ").append(request.authorization().reveal()).append("\r\n");
  }
  if (body == nullptr) {
    // RFC 9110 §8.6: methods that usually carry a body say that there is none.
    const bool usual =
        request.method() == "POST" || request.method() == "PUT" || request.method() == "PATCH";
    if (usual) out.append("Content-Length: 0\r\n");
  } else if (const auto length = body->length()) {
    out.append("Content-Length: ").append(std::to_string(*length)).append("\r\n");
  } else {
    out.append("Transfer-Encoding: chunked\r\n");
  }
  if (carries_body(body) && request.expects_continue()) out.append("Expect: 100-continue\r\n");
  out.append("\r\n");
  return out;
}

ClientFailure ClientConnection::stream_failure(Error error) const {
  ClientFailure failed;
  if (abandoned_) {
    failed.kind = Kind::abandoned;
    failed.error = {Code::unavailable, "the client left before there was an answer", {}};
    return failed;
  }
  failed.kind = timed_out_ ? Kind::timeout : Kind::broken;
  failed.error = {Code::unavailable,
                  timed_out_ ? "the server did not answer in time"
                             : "the server closed the connection before it answered",
                  std::move(error.detail)};
  return failed;
}

Task<Result<>> ClientConnection::write(std::string_view first, std::string_view second) {
  deadline_.set(timeouts_.progress);
  auto sent = co_await stream_->write(first, second);
  deadline_.clear();
  co_return sent;
}

Task<ClientResult<>> ClientConnection::exchange(const ClientRequest& request, BodySource* body) {
  answered_ = sent_ = complete_ = false;
  buffer_ = worker_.small_buffers().borrow();
  input_ = {buffer_.span(), 0, 0};
  auto head = render(request, body);
  if (!head) {
    ClientFailure refused;
    refused.kind = Kind::refused;
    refused.error = std::move(head).error();
    co_return client_failure(std::move(refused));
  }
  std::string method = request.method();
  if (carries_body(body)) {
    const bool wait = request.expects_continue();
    co_return co_await exchange_with_body(std::move(method), std::move(*head), *body, wait);
  }
  if (auto sent = co_await write(*head, {}); !sent) {
    co_return client_failure(stream_failure(std::move(sent).error()));
  }
  sent_ = true;
  wait_for_answer(request);
  auto answer = co_await read_answer(std::move(method), nullptr);
  answer_arrived();
  co_return answer;
}

Task<ClientResult<>> ClientConnection::exchange_with_body(std::string method, std::string head,
                                                          BodySource& body,
                                                          bool wait_for_continue) {
  if (auto sent = co_await write(head, {}); !sent) {
    co_return client_failure(stream_failure(std::move(sent).error()));
  }
  auto upload = std::make_shared<ClientUpload>(worker_, *stream_, deadline_, timeouts_.progress,
                                               timeouts_.continue_wait);
  boost::asio::co_spawn(worker_.context(), watch(shared_from_this(), std::move(method), upload),
                        boost::asio::detached);
  auto through = co_await upload->send(body, wait_for_continue);
  const bool late = timed_out_;
  const bool deaf = !through && through.error().kind == Kind::broken;
  sent_ = through.value_or(false);
  if (sent_) deadline_.set(timeouts_.response);
  if (deaf) deadline_.set(kLastWord);
  if (!through && !deaf) stream_->abort();
  // Also after a failure: the watcher must have ended before anybody else reads.
  auto answer = co_await upload->answer();
  deadline_.clear();
  if (through || (deaf && answer)) co_return answer;
  timed_out_ = late;
  if (deaf) {
    ClientFailure broken = stream_failure(std::move(through).error().error);
    broken.in_body = true;
    co_return client_failure(std::move(broken));
  }
  co_return client_failure(std::move(through).error());
}

Task<> ClientConnection::watch(std::shared_ptr<ClientConnection> self, std::string method,
                               std::shared_ptr<ClientUpload> upload) {
  auto outcome = co_await self->read_answer(std::move(method), upload);
  upload->answered(std::move(outcome));
}

Task<ClientResult<>> ClientConnection::read_answer(std::string method,
                                                   std::shared_ptr<ClientUpload> upload) {
  for (int interim = 0; interim <= kInterimLimit; ++interim) {
    auto length = co_await read_head_bytes();
    if (!length) co_return client_failure(std::move(length).error());
    if (*length > kSmallHead) make_room();
    if (const auto why = parse_response_head(input_.bytes().substr(0, *length), method, head_)) {
      co_return malformed(*why);
    }
    if (!head_.interim()) {
      accept_head(*length);
      co_return ClientResult<>{};
    }
    if (upload && head_.status == 100) upload->wanted();
    drop_input(*length);
  }
  co_return malformed("it sends interim answers without end");
}

/// Until a complete head stands at the start of the buffer; its length.
Task<ClientResult<std::size_t>> ClientConnection::read_head_bytes() {
  std::size_t searched = 0;
  while (true) {
    const std::string_view bytes = input_.bytes();
    const std::string_view begin = bytes.substr(0, kBegin.size());
    // Not waiting for the end of what is no answer at all.
    if (begin != kBegin.substr(0, begin.size())) {
      co_return malformed("it does not begin with an HTTP/1.1 or HTTP/1.0 status line");
    }
    const std::size_t length = find_head_end(bytes, searched);
    if (length > kResponseHeadLimit || (length == 0 && bytes.size() >= kResponseHeadLimit)) {
      co_return malformed("its head is larger than 64 KiB");
    }
    if (length > 0) co_return length;
    if (input_.end == input_.memory.size()) make_room();
    if (auto more = co_await receive(); !more) co_return client_failure(std::move(more).error());
  }
}

Task<ClientResult<>> ClientConnection::receive() {
  auto got = co_await stream_->read_some(input_.memory.subspan(input_.end));
  if (!got) co_return client_failure(stream_failure(std::move(got).error()));
  answered_ = true;
  input_.end += *got;
  co_return ClientResult<>{};
}

/// Moves the input to a large buffer, if it is not in one.
void ClientConnection::make_room() {
  if (buffer_.size() > kResponseHeadLimit) return;
  auto large = worker_.large_buffers().borrow();
  std::memcpy(large.data(), buffer_.data(), input_.end);
  buffer_ = std::move(large);
  input_.memory = buffer_.span();
}

void ClientConnection::drop_input(std::size_t count) noexcept {
  std::memmove(buffer_.data(), buffer_.data() + count, input_.end - count);
  input_.end -= count;
}

void ClientConnection::accept_head(std::size_t length) {
  input_ = {buffer_.span().subspan(length), 0, input_.end - length};
  body_.start(head_.framing, head_.framing == Framing::length ? *head_.content_length : 0);
  complete_ = true;
}

}  // namespace moorgate::http
