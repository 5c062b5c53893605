#include "doctor/curl_probe.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>

#include "base/text.hpp"
#include "doctor/curl_library.hpp"

namespace moorgate::doctor {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kMaxHeaders = 128;
constexpr std::size_t kMaxHeaderLine = std::size_t{16} * 1024;
constexpr milliseconds kConnectTime{10'000};
/// From the last byte that moved (or the end of the pause that was asked for) to giving up.
constexpr milliseconds kAnswerTime{15'000};
/// What a whole ask may take beside its pause.
constexpr milliseconds kAskTime{40'000};
/// An answer that came before the body's end gets this long for its own body.
constexpr milliseconds kEarlyAnswerTime{300};

}  // namespace

/// One ask on its way.
struct CurlProbe::Transfer {
  Transfer(CurlLibrary& used, const Ask& asked) : curl(used), ask(asked), easy(used.easy_init()) {}
  ~Transfer() {
    curl.easy_cleanup(easy);
    curl.slist_free_all(lines);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void prepare(const std::optional<std::filesystem::path>& authority, bool trusting);
  Answer run();

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_read(char* room, std::size_t size, std::size_t count, void* self);

  void add_line(const std::string& line) { lines = curl.slist_append(lines, line.c_str()); }
  void prepare_headers();
  void prepare_body();
  void begin_answer(std::string_view line);
  bool go_on();
  void finish(CURLcode code);
  bool certificate_is_alone();
  TlsProblem tls_problem(CURLcode code);

  CurlLibrary& curl;
  const Ask& ask;
  CURL* easy;
  curl_slist* lines = nullptr;
  char message[CURL_ERROR_SIZE] = {};
  Answer answer;
  std::uint64_t handed_out = 0;
  bool head_done = false;
  bool paused = false;
  bool pause_over = false;
  Clock::time_point started = Clock::now();
  Clock::time_point moved = started;
  Clock::time_point resume_at = {};
};

Result<std::unique_ptr<CurlProbe>> CurlProbe::open(std::optional<std::filesystem::path> authority) {
  auto library = CurlLibrary::load();
  if (!library) return failure(std::move(library).error());
  return std::unique_ptr<CurlProbe>(new CurlProbe(std::move(*library), std::move(authority)));
}

CurlProbe::CurlProbe(std::unique_ptr<CurlLibrary> library,
                     std::optional<std::filesystem::path> authority)
    : library_(std::move(library)), authority_(std::move(authority)) {}

CurlProbe::~CurlProbe() = default;

Answer CurlProbe::ask(const Ask& ask) {
  Transfer transfer(*library_, ask);
  transfer.prepare(authority_, trusting_);
  return transfer.run();
}

void CurlProbe::trust_anybody() {
  trusting_ = true;
}

void CurlProbe::wait(milliseconds time) {
  std::this_thread::sleep_for(time);
}

// ---- one transfer: what is asked

void CurlProbe::Transfer::prepare(const std::optional<std::filesystem::path>& authority,
                                  bool trusting) {
  const auto set = curl.easy_setopt;
  set(easy, CURLOPT_URL, ask.url.text().c_str());
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_ERRORBUFFER, message);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectTime.count()));
  set(easy, CURLOPT_CERTINFO, 1L);
  if (authority) set(easy, CURLOPT_CAINFO, authority->c_str());
  if (trusting) {
    set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  set(easy, CURLOPT_HEADERFUNCTION, &on_header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &on_body);
  set(easy, CURLOPT_WRITEDATA, this);
  prepare_body();
  prepare_headers();
}

void CurlProbe::Transfer::prepare_body() {
  const auto set = curl.easy_setopt;
  if (ask.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else if (ask.body && (ask.body->size > 0 || ask.body->chunked)) {
    set(easy, CURLOPT_UPLOAD, 1L);
    set(easy, CURLOPT_FRESH_CONNECT, 1L);
    set(easy, CURLOPT_READFUNCTION, &on_read);
    set(easy, CURLOPT_READDATA, this);
    set(easy, CURLOPT_INFILESIZE_LARGE,
        ask.body->chunked ? curl_off_t{-1} : static_cast<curl_off_t>(ask.body->size));
  } else if (ask.body) {
    set(easy, CURLOPT_POSTFIELDSIZE, 0L);
    set(easy, CURLOPT_COPYPOSTFIELDS, "");
  }
  set(easy, CURLOPT_CUSTOMREQUEST, ask.method.c_str());
}

void CurlProbe::Transfer::prepare_headers() {
  add_line("User-Agent: moorgate-doctor");
  const bool says_accept = std::ranges::any_of(
      ask.headers, [](const Header& header) { return header.name == "Accept"; });
  if (!says_accept) add_line("Accept: */*");
  if (ask.body) add_line("Content-Type: application/octet-stream");
  if (ask.body && ask.body->chunked) add_line("Transfer-Encoding: chunked");
  add_line(ask.expect_continue ? "Expect: 100-continue" : "Expect:");
  for (const auto& header : ask.headers) add_line(header.name + ": " + header.value);
  if (!ask.authorization.empty()) {
    add_line("Authorization: " + std::string(ask.authorization.reveal()));
  }
  curl.easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
}

// ---- … what comes back

std::size_t CurlProbe::Transfer::on_header(char* data, std::size_t size, std::size_t count,
                                           void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line = trim(std::string_view(data, size * count));
  transfer.moved = Clock::now();
  if (line.starts_with("HTTP/")) {
    transfer.begin_answer(line);
  } else if (line.empty()) {
    transfer.head_done = transfer.answer.status >= 200;
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos &&
                                                line.size() <= kMaxHeaderLine &&
                                                transfer.answer.headers.size() < kMaxHeaders) {
    transfer.answer.headers.push_back(
        {std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
  }
  return size * count;
}

void CurlProbe::Transfer::begin_answer(std::string_view line) {
  const auto blank = std::min(line.find(' '), line.size());
  answer.headers.clear();
  answer.status = parse_decimal<int>(trim(line.substr(blank)).substr(0, 3)).value_or(0);
  if (answer.status == 100) answer.continued = true;
  answer.sent = handed_out;
  answer.took = std::chrono::duration_cast<milliseconds>(Clock::now() - started);
}

std::size_t CurlProbe::Transfer::on_body(char* data, std::size_t size, std::size_t count,
                                         void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.moved = Clock::now();
  const std::size_t room = kMaxBody - transfer.answer.body.size();
  transfer.answer.body.append(data, std::min(size * count, room));
  return size * count > room ? 0 : size * count;
}

std::size_t CurlProbe::Transfer::on_read(char* room, std::size_t size, std::size_t count,
                                         void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const Body& body = *transfer.ask.body;
  std::uint64_t until = body.size;
  if (body.pause.count() > 0 && !transfer.pause_over) {
    until = std::min(until, body.pause_after);
    if (transfer.handed_out == until) {
      transfer.paused = true;
      transfer.resume_at = Clock::now() + body.pause;
      return CURL_READFUNC_PAUSE;
    }
  }
  const std::uint64_t bytes = std::min<std::uint64_t>(size * count, until - transfer.handed_out);
  std::memset(room, 0, bytes);
  transfer.handed_out += bytes;
  transfer.moved = Clock::now();
  return bytes;
}

// ---- … and the time it may take

Answer CurlProbe::Transfer::run() {
  curl.multi_add(curl.multi, easy);
  int running = 1;
  bool ended = false;
  while (!ended && go_on()) {
    curl.multi_perform(curl.multi, &running);
    int left = 0;
    while (const CURLMsg* done = curl.multi_read(curl.multi, &left)) {
      if (done->msg != CURLMSG_DONE) continue;
      finish(done->data.result);
      ended = true;
    }
    if (!ended) curl.multi_poll(curl.multi, nullptr, 0, 20, nullptr);
  }
  answer.certificate_alone = certificate_is_alone();
  curl.multi_remove(curl.multi, easy);
  if (!head_done) {
    answer.took = std::chrono::duration_cast<milliseconds>(Clock::now() - started);
    answer.sent = handed_out;
  }
  return std::move(answer);
}

/// False when this ask is over though libcurl would go on; the answer then says why.
bool CurlProbe::Transfer::go_on() {
  const auto now = Clock::now();
  if (head_done && paused && now - moved > kEarlyAnswerTime) {
    answer.outcome = Outcome::answered;
    return false;
  }
  if (paused && !head_done && now >= resume_at) {
    if (ask.body->hang_up) {
      answer.outcome = Outcome::silent;
      answer.failure = "no answer before the body's end";
      return false;
    }
    paused = false;
    pause_over = true;
    moved = now;
    curl.easy_pause(easy, CURLPAUSE_CONT);
  }
  const milliseconds pause = ask.body ? ask.body->pause : milliseconds{0};
  if ((!paused && now - moved > kAnswerTime) || now - started > kAskTime + pause) {
    answer.outcome = head_done ? Outcome::answered : Outcome::timeout;
    answer.failure =
        "no answer within " +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now - started).count()) +
        " s";
    return false;
  }
  return true;
}

void CurlProbe::Transfer::finish(CURLcode code) {
  if (head_done) {
    answer.outcome = Outcome::answered;
    // A body that ends early is the connection's fault, and shows as a body that is too short.
    return;
  }
  answer.failure = message[0] != '\0' ? message : curl.easy_strerror(code);
  if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION) {
    answer.outcome = Outcome::untrusted;
    answer.tls = tls_problem(code);
    return;
  }
  const bool connected = code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_COULDNT_CONNECT &&
                         code != CURLE_OPERATION_TIMEDOUT;
  answer.outcome = connected ? Outcome::broken : Outcome::unreachable;
}

/// A server that sends its own certificate alone, signed by somebody else.
bool CurlProbe::Transfer::certificate_is_alone() {
  curl_certinfo* chain = nullptr;
  if (curl.easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr ||
      chain->num_of_certs != 1) {
    return false;
  }
  std::string_view subject;
  std::string_view issuer;
  for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next) {
    const std::string_view text = line->data;
    if (text.starts_with("Subject:")) subject = text.substr(8);
    if (text.starts_with("Issuer:")) issuer = text.substr(7);
  }
  return subject != issuer;
}

TlsProblem CurlProbe::Transfer::tls_problem(CURLcode code) {
  if (code == CURLE_SSL_CONNECT_ERROR) return TlsProblem::other;
  // Values of OpenSSL's X509_V_ERR_…; other TLS libraries leave the number at 0 and say it in
  // words.
  constexpr long kNotYetValid = 9;
  constexpr long kExpired = 10;
  long result = 0;
  curl.easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &result);
  if (result == kNotYetValid || result == kExpired || answer.failure.contains("expired")) {
    return TlsProblem::expired;
  }
  if (answer.failure.contains("host name")) return TlsProblem::wrong_name;
  return TlsProblem::unknown_authority;
}

}  // namespace moorgate::doctor
