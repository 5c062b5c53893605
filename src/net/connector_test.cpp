#include "net/connector.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <exception>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "crypto/self_signed.hpp"
#include "net/blocking.hpp"
#include "net/listener.hpp"
#include "net/resolver.hpp"
#include "net/tls_client_context.hpp"
#include "net/tls_context.hpp"
#include "net/worker.hpp"

namespace moorgate::net {
namespace {

using Connected = Result<std::unique_ptr<Stream>>;

Task<> greet(std::unique_ptr<Stream> stream, std::shared_ptr<const TlsContext> /*keep*/) {
  if (auto secure = co_await stream->handshake(); !secure) co_return;
  std::ignore = co_await stream->write("hello", {});
  co_await stream->shutdown_send();
}

Task<Result<std::string>> read_to_end(Stream& stream) {
  std::string all;
  std::array<char, 64> piece{};
  while (true) {
    auto got = co_await stream.read_some(piece);
    if (!got && got.error().code == Code::end_of_stream && stream.ended_cleanly()) co_return all;
    if (!got) co_return failure(std::move(got).error());
    all.append(piece.data(), *got);
  }
}

/// A listener that greets whoever connects, and a client's surroundings, on one worker.
class ConnectorTest : public testing::Test {
 protected:
  ConnectorTest() : pool_("names", 1, 16), worker_(std::make_unique<Worker>(0)) {
    folder_ =
        std::filesystem::temp_directory_path() / ("connector_test." + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~ConnectorTest() override {
    pool_.finish();
    worker_->stop();
    listener_.reset();
    worker_.reset();
    std::filesystem::remove_all(folder_);
  }

  void serve(const std::string& address, const std::shared_ptr<const TlsContext>& tls = nullptr) {
    Listener::Options options;
    options.address = *Address::parse(address);
    auto listener = Listener::open(options);
    ASSERT_TRUE(listener) << listener.error().message;
    listener_ = std::move(*listener);
    listener_->start({worker_.get()}, 100, [this, tls](Worker& worker, AcceptedSocket socket) {
      auto stream = tls ? make_tls_stream(worker, pool_, std::move(socket), *tls)
                        : make_tcp_stream(worker, pool_, std::move(socket));
      boost::asio::co_spawn(worker.context(), greet(std::move(stream), tls), boost::asio::detached);
    });
    worker_->start();
    const std::string text = listener_->address().text();
    port_ = static_cast<std::uint16_t>(std::atoi(text.substr(text.rfind(':') + 1).c_str()));
  }

  template <class T>
  T run(Task<T> task) {
    std::promise<T> result;
    boost::asio::co_spawn(
        worker_->context(), std::move(task),
        [&result](const std::exception_ptr&, T value) { result.set_value(std::move(value)); });
    return result.get_future().get();
  }

  Connected connect_to(Destination destination, Resolver::Lookup lookup = Resolver::system_lookup) {
    auto resolver = std::make_shared<Resolver>(*worker_, pool_, std::move(lookup));
    return run(connect(*worker_, pool_, resolver, std::move(destination)));
  }

  Destination loopback() const {
    Destination destination;
    destination.host = "127.0.0.1";
    destination.port = port_;
    return destination;
  }

  std::string greeting(Connected connected) {
    if (!connected) return connected.error().detail;
    auto text = run(read_to_end(**connected));
    std::promise<void> gone;
    worker_->post([&] {
      connected->reset();
      gone.set_value();
    });
    gone.get_future().wait();
    return text ? *text : text.error().detail;
  }

  std::filesystem::path write_file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  /// Serves with a self-signed certificate for `names`; clients may trust it as `ca`.
  std::filesystem::path serve_tls(const std::vector<std::string>& names) {
    const auto made = crypto::make_self_signed(names);
    const std::vector<KeyPair> pairs{{made.certificate, made.key, "test"}};
    serve("127.0.0.1:0", *TlsContext::make(pairs));
    return write_file("ca.pem", made.certificate);
  }

  static std::shared_ptr<const TlsClientContext> trusting(const std::filesystem::path& ca) {
    TlsClientContext::Options options;
    options.ca = ca;
    return *TlsClientContext::load(options);
  }

  Blocking pool_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Listener> listener_;
  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
};

TEST_F(ConnectorTest, ReachesATcpSocket) {
  serve("127.0.0.1:0");
  EXPECT_EQ(greeting(connect_to(loopback())), "hello");
}

TEST_F(ConnectorTest, ReachesAUnixSocket) {
  serve("unix:" + (folder_ / "socket").string());
  Destination destination;
  destination.socket_path = folder_ / "socket";
  EXPECT_EQ(greeting(connect_to(destination)), "hello");
  destination.socket_path = folder_ / "nothing";
  EXPECT_FALSE(connect_to(destination));
}

TEST_F(ConnectorTest, TriesTheAddressesInTurn) {
  serve("127.0.0.1:0");
  Destination destination = loopback();
  destination.host = "registry";
  // Nobody listens on that one.
  EXPECT_EQ(greeting(connect_to(destination,
                                [](const std::string&) {
                                  return Result<std::vector<Address>>(
                                      std::vector{*Address::from_ip("127.0.0.2", 1),
                                                  *Address::from_ip("127.0.0.1", 1)});
                                })),
            "hello");
}

TEST_F(ConnectorTest, ANameIsLookedUpAnewWhenItsAddressesAreOfNoUse) {
  serve("127.0.0.1:0");
  Destination destination = loopback();
  destination.host = "registry";
  std::atomic<int> asked{0};
  // The server has moved between the two look-ups.
  auto resolver = std::make_shared<Resolver>(*worker_, pool_, [&asked](const std::string&) {
    return Result<std::vector<Address>>(
        std::vector{*Address::from_ip(++asked == 1 ? "127.0.0.2" : "127.0.0.1", 1)});
  });
  EXPECT_FALSE(run(connect(*worker_, pool_, resolver, destination)));
  EXPECT_EQ(greeting(run(connect(*worker_, pool_, resolver, destination))), "hello");
  EXPECT_EQ(greeting(run(connect(*worker_, pool_, resolver, destination))), "hello");
  EXPECT_EQ(asked, 2) << "an address that serves is kept";
}

TEST_F(ConnectorTest, WithoutDescriptorsTheServerIsNotToBlame) {
  serve("127.0.0.1:0");
  Destination destination = loopback();
  destination.host = "registry";
  std::atomic<int> asked{0};
  auto resolver = std::make_shared<Resolver>(*worker_, pool_, [&asked](const std::string&) {
    ++asked;
    return Result<std::vector<Address>>(std::vector{*Address::from_ip("127.0.0.1", 1)});
  });
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const auto connected = run(connect(*worker_, pool_, resolver, destination));
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, Code::too_many_requests);
  EXPECT_EQ(greeting(run(connect(*worker_, pool_, resolver, destination))), "hello");
  EXPECT_EQ(asked, 1) << "its address is as good as before";
}

TEST_F(ConnectorTest, SaysWhatWasWrongWithEveryAddress) {
  serve("127.0.0.1:0");
  Destination destination = loopback();
  destination.host = "registry";
  const auto connected = connect_to(destination, [](const std::string&) {
    return Result<std::vector<Address>>(
        std::vector{*Address::from_ip("127.0.0.2", 1), *Address::from_ip("127.0.0.3", 1)});
  });
  ASSERT_FALSE(connected);
  EXPECT_NE(connected.error().detail.find("127.0.0.2"), std::string::npos);
  EXPECT_NE(connected.error().detail.find("127.0.0.3"), std::string::npos);
  EXPECT_EQ(connected.error().message.find("127."), std::string::npos) << "not for clients";
}

TEST_F(ConnectorTest, AHandshakeThatNobodyAnswersTimesOut) {
  // Connections wait in the backlog of a socket that never accepts.
  const UniqueFd deaf(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(deaf.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(deaf.get(), 4), 0);
  socklen_t length = sizeof address;
  ::getsockname(deaf.get(), reinterpret_cast<sockaddr*>(&address), &length);
  worker_->start();
  Destination destination;
  destination.host = "127.0.0.1";
  destination.port = ntohs(address.sin_port);
  destination.patience = std::chrono::milliseconds(300);
  destination.tls = trusting({});
  const auto connected = connect_to(destination);
  ASSERT_FALSE(connected);
  EXPECT_NE(connected.error().detail.find("in time"), std::string::npos)
      << connected.error().detail;
}

TEST_F(ConnectorTest, TrustsACertificateOfItsAuthorityForThatNameOnly) {
  const auto ca = serve_tls({"registry.example.com", "127.0.0.1"});
  const auto to_loopback = [](const std::string&) {
    return Result<std::vector<Address>>(std::vector{*Address::from_ip("127.0.0.1", 1)});
  };
  Destination destination = loopback();
  destination.tls = trusting(ca);
  EXPECT_EQ(greeting(connect_to(destination)), "hello") << "the address is in the certificate";
  destination.host = "registry.example.com";
  EXPECT_EQ(greeting(connect_to(destination, to_loopback)), "hello");
  for (const char* other : {"registry.example.org", "example.com", "a.registry.example.com"}) {
    destination.host = other;
    const auto refused = connect_to(destination, to_loopback);
    ASSERT_FALSE(refused) << other;
    EXPECT_NE(refused.error().detail.find("ostname mismatch"), std::string::npos)
        << refused.error().detail;
  }
  destination.host = "127.0.0.1";
  destination.tls = trusting({});
  const auto stranger = connect_to(destination);
  ASSERT_FALSE(stranger) << "the system does not know the authority";
  EXPECT_NE(stranger.error().detail.find("certificate is refused"), std::string::npos)
      << stranger.error().detail;
}

TEST_F(ConnectorTest, APlainServerIsNoTlsServer) {
  serve("127.0.0.1:0");
  Destination destination = loopback();
  destination.tls = trusting({});
  EXPECT_FALSE(connect_to(destination));
}

TEST_F(ConnectorTest, NamesTheFileThatIsOfNoUse) {
  const auto pair = crypto::make_self_signed({"a"});
  const auto certificate = write_file("a.pem", pair.certificate);
  const auto key = write_file("a.key", pair.key);
  const auto other_key = write_file("b.key", crypto::make_self_signed({"b"}).key);
  const auto empty = write_file("empty.pem", "");
  TlsClientContext::Options options;
  options.ca = folder_ / "missing.pem";
  EXPECT_NE(TlsClientContext::load(options).error().message.find("missing.pem"), std::string::npos);
  options.ca = empty;
  EXPECT_NE(TlsClientContext::load(options).error().message.find("empty.pem"), std::string::npos);
  options.ca = certificate;
  options.certificate = certificate;
  options.key = other_key;
  EXPECT_NE(TlsClientContext::load(options).error().message.find("a.pem"), std::string::npos);
  options.key = key;
  EXPECT_TRUE(TlsClientContext::load(options));
}

}  // namespace
}  // namespace moorgate::net
