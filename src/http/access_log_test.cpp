#include "http/access_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "http/exchange.hpp"
#include "net/deadline.hpp"
#include "net/stream.hpp"

namespace moorgate::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

/// Never used: these exchanges are only looked at.
class NoStream final : public net::Stream {
 public:
  Task<Result<>> handshake() override { co_return Result<>{}; }
  Task<Result<std::size_t>> read_some(std::span<char> /*into*/) override { co_return 0; }
  bool has_buffered_input() const noexcept override { return false; }
  Task<Result<>> wait_readable() override { co_return Result<>{}; }
  Task<Result<>> write(std::string_view /*first*/, std::string_view /*second*/) override {
    co_return Result<>{};
  }
  Task<Result<>> write_file(std::string_view /*head*/, int /*file*/, std::uint64_t /*offset*/,
                            std::uint64_t /*length*/, net::Deadline& /*deadline*/,
                            std::chrono::milliseconds /*patience*/) override {
    co_return Result<>{};
  }
  Task<> say_end() override { co_return; }
  Task<> shutdown_send() override { co_return; }
  void interrupt_read() noexcept override {}
  void stop_writing() noexcept override {}
  bool ended_cleanly() const noexcept override { return false; }
  bool quiet() noexcept override { return false; }
  bool peer_left() noexcept override { return false; }
  void abort() noexcept override {}
  const net::Address& peer() const noexcept override { return peer_; }
  bool encrypted() const noexcept override { return false; }

 private:
  net::Address peer_;
};

class AccessLogTest : public testing::Test {
 protected:
  AccessLogTest() {
    client_.address = "192.0.2.1";
    head_.method_text = "GET";
    head_.target = "/v2/";
  }

  /// The line that is written for an exchange with this head and this record.
  std::string line(log::Format format, AccessRecord record) {
    testing::internal::CaptureStderr();
    log::start(format, log::Level::info);
    BodyReader body(stream_, deadline_, input_, std::chrono::seconds(1));
    Exchange exchange(head_, body,
                      {stream_, deadline_, std::chrono::seconds(1), "Sun, 06 Nov 1994 08:49:37 GMT",
                       text_, memo_, client_},
                      true);
    exchange.status(200);
    exchange.record = std::move(record);
    {
      AccessLog log(format);
      log.add(exchange, std::chrono::microseconds(12'045));
    }
    log::stop();
    return testing::internal::GetCapturedStderr();
  }

  NoStream stream_;
  net::Watchdog watchdog_;
  net::Deadline deadline_{watchdog_, [] {}};
  InputWindow input_;
  RequestHead head_;
  std::string text_;
  std::unique_ptr<ConnectionMemo> memo_;
  Client client_;
};

TEST_F(AccessLogTest, WritesOneJsonObjectForARequest) {
  const std::string written =
      line(log::Format::json,
           {.principal = "alice", .action = "pull", .repository = "team/app", .reason = ""});
  EXPECT_THAT(written, testing::StartsWith(R"({"time":")"));
  EXPECT_THAT(written,
              EndsWith(R"(Z","level":"info","message":"request","client":"192.0.2.1",)"
                       R"("user":"alice","method":"GET","target":"/v2/","status":200,)"
                       R"("bytes_in":0,"bytes_out":0,"duration_ms":12.045,"action":"pull",)"
                       R"("repository":"team/app"})"
                       "\n"));
}

TEST_F(AccessLogTest, ShowsWhatAProxySaysOfTheClient) {
  client_.proxy = "10.0.0.1";
  client_.scheme = "https";
  client_.host = "reg.example.com:5043";
  EXPECT_THAT(line(log::Format::json, {}),
              HasSubstr(R"("client":"192.0.2.1","proxy":"10.0.0.1","scheme":"https",)"
                        R"("host":"reg.example.com:5043","user":"")"));
  client_.host = std::string(10'000, '"');
  EXPECT_THAT(line(log::Format::json, {}), HasSubstr(R"(\"\"","user")"));
}

TEST_F(AccessLogTest, EscapesWhatWouldBreakTheLine) {
  // Each special byte at every place of a word of eight, and behind the last whole word.
  for (std::size_t at = 0; at < 19; ++at) {
    for (const auto& [byte, escaped] :
         {std::pair{'"', R"(\")"}, {'\\', R"(\\)"}, {'\n', R"(\u000a)"}, {'\x7f', R"(\u007f)"}}) {
      std::string reason(19, '\x80');
      reason[at] = byte;
      std::string expected(19, '\x80');
      expected.replace(at, 1, escaped);
      EXPECT_THAT(line(log::Format::json,
                       {.principal = "", .action = "", .repository = "", .reason = reason}),
                  HasSubstr(R"("reason":")" + expected + R"("})"));
    }
  }
}

TEST_F(AccessLogTest, ShowsTheBeginningOfALongTarget) {
  const std::string target = "/v2/" + std::string(100'000, '\x01');
  head_.target = target;
  const std::string written = line(log::Format::json, {});
  EXPECT_THAT(written, HasSubstr(R"(\u0001\u0001","status")"));
  EXPECT_LT(written.size(), 2048 * 6 + 300);
}

TEST_F(AccessLogTest, IsReadableOnATerminal) {
  EXPECT_THAT(
      line(log::Format::human,
           {.principal = "", .action = "pull", .repository = "a", .reason = "no \"right\""}),
      EndsWith(" 192.0.2.1 - GET /v2/ 200 in=0 out=0 12.045ms refused: no \\\"right\\\"\n"));
  client_.proxy = "198.51.100.9";
  EXPECT_THAT(line(log::Format::human, {}),
              EndsWith(" 192.0.2.1 - GET /v2/ 200 in=0 out=0 12.045ms via: 198.51.100.9\n"));
}

}  // namespace
}  // namespace moorgate::http
