#include "upstream/upstream.hpp"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "http/raw_server_test_kit.hpp"

namespace moorgate::upstream {
namespace {

using http::ClientRequest;
using http::RawPeer;
using http::RawServer;
using std::chrono::milliseconds;
using Kind = http::ClientFailure::Kind;

std::string answer(int status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string header_of(const std::string& head, const std::string& name) {
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t from = at + name.size() + 4;
  return head.substr(from, head.find("\r\n", from) - from);
}

/// Answers by rule and remembers every head.
class Registry {
 public:
  using Rule = std::function<std::string(const std::string& head, const std::string& body)>;
  explicit Registry(Rule rule)
      : rule_(std::move(rule)), server_([this](RawPeer& peer, int) { serve(peer); }) {}

  RawServer& server() { return server_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  std::vector<std::string> heads() {
    const std::scoped_lock lock(mutex_);
    return heads_;
  }
  int count(const std::string& beginning) {
    int found = 0;
    for (const auto& head : heads()) found += head.starts_with(beginning) ? 1 : 0;
    return found;
  }

 private:
  void serve(RawPeer& peer) {
    while (true) {
      const std::string head = peer.read_head();
      if (head.empty()) return;
      const std::string length = header_of(head, "Content-Length");
      const std::string body = peer.read_exactly(length.empty() ? 0 : std::stoul(length));
      {
        const std::scoped_lock lock(mutex_);
        heads_.push_back(head);
      }
      if (!peer.send(rule_(head, body))) return;
    }
  }

  const Rule rule_;
  std::mutex mutex_;
  std::vector<std::string> heads_;
  RawServer server_;
};

struct Seen {
  int status = 0;
  std::string body;
  std::optional<Kind> failed;
  http::ClientFailure failure;
};

Task<Seen> ask(Upstream& upstream, ClientRequest request, std::string scope,
               http::BodySource* body) {
  Seen seen;
  auto got = co_await upstream.send(std::move(request), std::move(scope), body);
  if (!got) {
    seen.failed = got.error().kind;
    seen.failure = std::move(got).error();
    co_return seen;
  }
  seen.status = got->head().status;
  auto text = co_await got->read_all(1 << 20);
  if (text) seen.body = std::move(*text);
  co_return seen;
}

class UpstreamTest : public http::ClientTest {
 protected:
  std::unique_ptr<Upstream> open(const std::string& url, const std::string& user = "") {
    UpstreamConfig config;
    config.url = *http::Url::parse(url);
    config.username = user;
    if (!user.empty()) config.password = Secret("pa:ss");
    config.timeouts.connect = milliseconds(2'000);
    config.timeouts.response = milliseconds(2'000);
    config.timeouts.progress = milliseconds(2'000);
    origin_ = *Origin::open(std::move(config));
    return std::make_unique<Upstream>(*worker_, names_, origin_);
  }
  Seen get(Upstream& upstream, const std::string& scope = "repository:a:pull") {
    return run(ask(upstream, ClientRequest("GET", "/v2/a/manifests/x"), scope, nullptr));
  }

  std::shared_ptr<Origin> origin_;
};

const std::string kBasic = "Basic " + to_base64("gate:pa:ss");

/// A registry that wants bearer tokens of a service of its own. Tokens are "t1", "t2", …
class BearerRegistry : public Registry {
 public:
  explicit BearerRegistry(const std::string& realm_host = "")
      : Registry(
            [this](const std::string& head, const std::string& body) { return reply(head, body); }),
        realm_(realm_host.empty() ? url() + "/token" : realm_host) {}

  std::atomic<bool> revoked{false};
  std::atomic<int> token_status{200};

 private:
  std::string reply(const std::string& head, const std::string& body) {
    if (head.starts_with("GET /token")) {
      const int number = ++tokens_;
      revoked = false;
      return answer(token_status, "",
                    R"({"token":"t)" + std::to_string(number) + R"(","expires_in":300})");
    }
    const bool valid = header_of(head, "Authorization") == "Bearer t" + std::to_string(tokens_);
    if (valid && !revoked && !head.starts_with("GET /v2/ ")) return answer(200, "", "ok" + body);
    return answer(401, "WWW-Authenticate: Bearer realm=\"" + realm_ + "\",service=\"reg\"\r\n",
                  "no");
  }

  std::atomic<int> tokens_{0};
  const std::string realm_;
};

TEST_F(UpstreamTest, AnOpenRegistryGetsNoCredentials) {
  Registry registry([](const std::string&, const std::string&) { return answer(200, "", "ok"); });
  const auto upstream = open(registry.url(), "gate");
  EXPECT_EQ(get(*upstream).body, "ok");
  EXPECT_EQ(get(*upstream).body, "ok");
  for (const auto& head : registry.heads()) EXPECT_EQ(header_of(head, "Authorization"), "");
  EXPECT_EQ(registry.count("GET /v2/ "), 1) << "asked once what it wants";
}

TEST_F(UpstreamTest, ABasicRegistryGetsThePassword) {
  Registry registry([](const std::string& head, const std::string&) {
    if (header_of(head, "Authorization") == kBasic) return answer(200, "", "ok");
    return answer(401, "WWW-Authenticate: Basic realm=\"r\"\r\n", "no");
  });
  EXPECT_EQ(get(*open(registry.url(), "gate")).body, "ok");
  const Seen nobody = get(*open(registry.url()));
  EXPECT_EQ(nobody.failed, Kind::credentials);
  EXPECT_NE(nobody.failure.error.detail.find("upstream.username"), std::string::npos);
  EXPECT_EQ(get(*open(registry.url(), "stranger")).failed, Kind::credentials);
}

TEST_F(UpstreamTest, AnUploadIsNeverSentTwiceForAToken) {
  BearerRegistry registry;
  const auto upstream = open(registry.url(), "gate");
  http::TextBody body("layer");
  const Seen seen = run(ask(*upstream, ClientRequest("PUT", "/v2/a/blobs/uploads/1"),
                            "repository:a:pull,push", &body));
  EXPECT_EQ(seen.body, "oklayer");
  EXPECT_EQ(registry.count("PUT "), 1);
  EXPECT_EQ(registry.count("GET /token?service=reg&scope=repository%3Aa%3Apull%2Cpush "), 1);
  for (const auto& head : registry.heads()) {
    const bool token = head.starts_with("GET /token");
    EXPECT_EQ(header_of(head, "Authorization") == kBasic, token) << "the password goes there only";
  }
}

TEST_F(UpstreamTest, ATokenIsKeptForItsScopeAndReplacedWhenRefused) {
  BearerRegistry registry;
  const auto upstream = open(registry.url(), "gate");
  EXPECT_EQ(get(*upstream).body, "ok");
  EXPECT_EQ(get(*upstream).body, "ok");
  EXPECT_EQ(registry.count("GET /token"), 1);
  registry.revoked = true;
  EXPECT_EQ(get(*upstream).body, "ok");
  EXPECT_EQ(registry.count("GET /token"), 2);
}

TEST_F(UpstreamTest, ARefusingTokenServiceIsAskedSeldom) {
  BearerRegistry registry;
  registry.token_status = 401;
  const auto upstream = open(registry.url(), "gate");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(*upstream).failed, Kind::credentials);
  EXPECT_EQ(registry.count("GET /token"), 1);
  EXPECT_FALSE(origin_->health().open()) << "the registry itself is well";
}

/// Whatever it speaks: the answer of a registry on http:// may be anybody's.
TEST_F(UpstreamTest, ATokenServiceElsewhereGetsNoPassword) {
  for (const std::string scheme : {"http", "https"}) {
    std::atomic<int> asked{0};
    RawServer elsewhere([&asked](RawPeer& peer, int) {
      ++asked;
      peer.read_head();
      peer.send(answer(200, "", R"({"token":"t0"})"));
    });
    BearerRegistry registry(scheme + "://localhost:" + std::to_string(elsewhere.port()) + "/token");
    const Seen seen = get(*open(registry.url(), "gate"));
    EXPECT_EQ(seen.failed, Kind::credentials) << scheme;
    EXPECT_NE(seen.failure.error.detail.find("upstream.token_realm"), std::string::npos)
        << seen.failure.error.detail;
    EXPECT_EQ(asked, 0) << scheme;
  }
}

TEST_F(UpstreamTest, ItsOwnErrorsAreAnswers) {
  Registry registry([](const std::string&, const std::string&) { return answer(503, "", "busy"); });
  const auto upstream = open(registry.url());
  for (int i = 0; i < 2 * UpstreamHealth::kThreshold; ++i) EXPECT_EQ(get(*upstream).status, 503);
  EXPECT_FALSE(origin_->health().open());
}

TEST_F(UpstreamTest, AnUpstreamThatIsDownIsHeldBackAndComesBackByItself) {
  Registry registry([](const std::string&, const std::string&) { return answer(200, "", "ok"); });
  const auto upstream = open(registry.url());
  EXPECT_EQ(get(*upstream).body, "ok");
  registry.server().stop();
  for (int i = 0; i < UpstreamHealth::kThreshold; ++i) {
    EXPECT_EQ(get(*upstream).failed, Kind::unreachable);
  }
  const Seen held_back = get(*upstream);
  EXPECT_EQ(held_back.failed, Kind::suspended);
  EXPECT_EQ(held_back.failure.status(), 503);
  EXPECT_GE(held_back.failure.retry_after, std::chrono::seconds(1));
  registry.server().restart();
  // Nobody asks meanwhile.
  while (origin_->health().open()) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(get(*upstream).body, "ok");
}

TEST_F(UpstreamTest, MayOutliveItsWorker) {
  RawServer silent([](RawPeer& peer, int) { peer.read_to_end(); });
  const auto upstream = open(silent.url().text());
  boost::asio::co_spawn(worker_->context(),
                        ask(*upstream, ClientRequest("GET", "/v2/"), "", nullptr),
                        [](const std::exception_ptr&, const Seen&) {});
  std::this_thread::sleep_for(milliseconds(50));
  names_.finish();
  worker_->stop();
  worker_.reset();
}

TEST_F(UpstreamTest, NamesTheCertificateFileThatIsMissing) {
  UpstreamConfig config;
  config.url = *http::Url::parse("https://registry");
  config.ca = "/nowhere/ca.pem";
  const auto origin = Origin::open(std::move(config));
  ASSERT_FALSE(origin);
  EXPECT_NE(origin.error().message.find("/nowhere/ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace moorgate::upstream
