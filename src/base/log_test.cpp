#include "base/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

#include "base/log_line.hpp"
#include "base/unique_fd.hpp"

namespace moorgate::log {
namespace {

using testing::HasSubstr;

const Time kTime = Time(std::chrono::milliseconds(1787306400'007));

std::string json(std::string_view message, std::initializer_list<Field> fields) {
  std::string out;
  append_json(out, kTime, Level::warning, message, fields);
  return out;
}

std::string human(std::string_view message, std::initializer_list<Field> fields,
                  Colour colour = Colour::no) {
  std::string out;
  append_human(out, kTime, Level::warning, message, fields, colour);
  return out;
}

TEST(JsonLine, HoldsEveryKindOfValue) {
  EXPECT_EQ(
      json("done", {{"user", "ana"}, {"bytes", std::int64_t{-5}}, {"took", 0.25}, {"ok", true}}),
      R"({"time":"2026-08-21T10:00:00.007Z","level":"warning","message":"done",)"
      R"("user":"ana","bytes":-5,"took":0.25,"ok":true})");
  EXPECT_THAT(json("x", {{"nan", std::nan("")}}), HasSubstr(R"("nan":null)"));
}

TEST(JsonLine, EscapesWhatJsonForbids) {
  EXPECT_THAT(json("a\"b\\c\nd\te\rf", {}), HasSubstr(R"("a\"b\\c\nd\te\rf")"));
  EXPECT_THAT(json(std::string_view("\x01\x7f\0", 3), {}), HasSubstr(R"("\u0001\u007f\u0000")"));
  EXPECT_THAT(json("Grüße 🐳", {}), HasSubstr("\"Grüße 🐳\""));
  EXPECT_THAT(json("a\xff\xc3", {{"k\xfe", "v"}}), HasSubstr(R"("a\ufffd\ufffd","k\ufffd":"v")"));
}

TEST(HumanLine, AlignsTimeLevelAndMessage) {
  EXPECT_EQ(human("listening", {{"address", "0.0.0.0:443"}, {"tls", true}}),
            "2026-08-21 10:00:00.007 WARN  listening                            "
            "address=0.0.0.0:443 tls=true");
  EXPECT_EQ(human("no fields", {}), "2026-08-21 10:00:00.007 WARN  no fields");
}

TEST(HumanLine, QuotesAndNeverLetsAControlCharacterThrough) {
  EXPECT_THAT(human("m", {{"k", "two words"}}), HasSubstr("k=\"two words\""));
  EXPECT_THAT(human("m", {{"k", ""}}), HasSubstr("k=\"\""));
  EXPECT_THAT(human("m", {{"k", "a\nb\x1b[31m\xff\xc2\x9b"}}),
              HasSubstr(R"(k=a\x0ab\x1b[31m\xff\xc2\x9b)"));
  EXPECT_THAT(human("bad\nline", {}), HasSubstr(R"(bad\x0aline)"));
}

TEST(HumanLine, ColoursOnlyWhenAsked) {
  EXPECT_THAT(human("m", {{"k", "v"}}, Colour::yes), HasSubstr("\x1b[33mWARN "));
  EXPECT_THAT(human("m", {{"k", "v"}}), testing::Not(HasSubstr("\x1b")));
}

/// Puts `fd` in place of stderr while it lives.
class StderrInto {
 public:
  explicit StderrInto(int fd) : saved_(::dup(STDERR_FILENO)) { ::dup2(fd, STDERR_FILENO); }
  ~StderrInto() { ::dup2(saved_.get(), STDERR_FILENO); }

 private:
  UniqueFd saved_;
};

TEST(Log, WritesWhatIsQueuedBeforeItStops) {
  testing::internal::CaptureStderr();
  start(Format::json, Level::info);
  debug("hidden");
  for (int i = 0; i < 1000; ++i) info("line", {{"n", std::int64_t{i}}});
  stop();
  info("after the end");
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(out, '\n'), 1000);
  EXPECT_THAT(out, HasSubstr(R"("n":999})"));
  EXPECT_THAT(out, testing::Not(HasSubstr("hidden")));
}

TEST(Log, TakesLinesFromManyThreads) {
  testing::internal::CaptureStderr();
  start(Format::human, Level::debug);
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 250; ++i) debug("from a thread", {{"value", 1.5}});
    });
  }
  threads.clear();
  EXPECT_EQ(dropped_lines(), 0U);
  stop();
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(out, '\n'), 1000);
}

TEST(Log, MayStopWhileOthersWrite) {
  testing::internal::CaptureStderr();
  std::atomic<bool> done = false;
  std::vector<std::jthread> threads;
  threads.reserve(3);
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!done) info("busy");
    });
  }
  for (int i = 0; i < 20; ++i) {
    start(Format::json, Level::info);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    stop();
  }
  done = true;
  threads.clear();
  testing::internal::GetCapturedStderr();
}

TEST(Log, AStuckReaderStallsNobody) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  const StderrInto redirected(writer.get());
  start(Format::json, Level::info);
  const auto begin = std::chrono::steady_clock::now();
  const std::string big(500, 'x');
  for (int i = 0; i < 20'000; ++i) info("nobody reads this", {{"big", big}});
  EXPECT_GT(dropped_lines(), 0U);
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

}  // namespace
}  // namespace moorgate::log
