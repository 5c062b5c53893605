#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "doctor/http_probe.hpp"

namespace moorgate::doctor {

inline Answer answer_of(int status, std::vector<Header> headers = {}, std::string body = {}) {
  return {.outcome = Outcome::answered,
          .status = status,
          .headers = std::move(headers),
          .body = std::move(body)};
}

inline Answer failed(Outcome outcome, std::string why = "connection reset") {
  return {.outcome = outcome, .failure = std::move(why)};
}

inline const Header kVersion = {"Docker-Distribution-Api-Version", "registry/2.0"};
inline const Header kBasic = {"WWW-Authenticate", "Basic realm=\"x\""};

/// Answers as the test says, and keeps a diary of what was asked.
class FakeProbe final : public HttpProbe {
 public:
  explicit FakeProbe(std::function<Answer(const Ask&)> server) : server_(std::move(server)) {}

  Answer ask(const Ask& ask) override {
    diary.push_back(
        {ask.method + ' ' + ask.url.text(), std::string(ask.authorization.reveal()), trusting});
    return server_(ask);
  }
  void trust_anybody() override { trusting = true; }
  void wait(std::chrono::milliseconds) override {}

  struct Entry {
    std::string asked;
    std::string authorization;
    bool trusting;
  };
  std::vector<Entry> diary;
  bool trusting = false;

 private:
  std::function<Answer(const Ask&)> server_;
};

inline Url url_of(std::string_view text) {
  return *Url::parse(text);
}

}  // namespace moorgate::doctor
