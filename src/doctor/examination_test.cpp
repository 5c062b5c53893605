#include "doctor/examination.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "doctor/doctor_test_kit.hpp"
#include "doctor/report.hpp"

namespace moorgate::doctor {
namespace {

const std::string kErrors = R"({"errors":[]})";
const std::string kToken = "Bearer a-token";

/// A registry that asks for alice's password and is otherwise without fault; it counts its
/// sessions.
struct GoodRegistry {
  int open_sessions = 0;
  int opened = 0;
  Header asks = kBasic;
  std::string lets_in = "Basic YWxpY2U6c2VjcmV0";  // alice:secret

  Answer operator()(const Ask& ask) {
    if (ask.url.target().starts_with("/token")) return answer_of(200, {}, R"({"token":"a-token"})");
    if (ask.url.origin().scheme == "http" && ask.url.origin().port == 80)
      return failed(Outcome::unreachable);
    if (ask.authorization.reveal() != lets_in) return answer_of(401, {kVersion, asks}, kErrors);
    if (ask.method == "POST") {
      ++open_sessions;
      return answer_of(202,
                       {kVersion, {"Location", "/v2/x/blobs/uploads/" + std::to_string(++opened)}});
    }
    if (ask.url.target() == "/v2/") return answer_of(200, {kVersion}, "{}");
    if (ask.url.target().contains("0000-4000")) return answer_of(404, {kVersion}, kErrors);
    if (ask.method == "PATCH") return answer_of(202, {kVersion, {"Location", ask.url.target()}});
    if (ask.method == "DELETE") {
      --open_sessions;
      return answer_of(204);
    }
    return answer_of(404, {kVersion}, kErrors);
  }
};

Order order_for(const char* url) {
  return {.door = url_of(url), .account = Account{"alice", Secret("secret")}};
}

Report examined(FakeProbe& probe, const Order& order) {
  return examine(probe, order, {});
}

TEST(Examination, GivesAGoodRegistryACleanBill) {
  GoodRegistry registry;
  FakeProbe probe(std::ref(registry));
  const Report report = examined(probe, order_for("https://registry"));
  EXPECT_TRUE(report.ran);
  EXPECT_THAT(report.findings, testing::IsEmpty());
  EXPECT_GT(registry.opened, 5);
  EXPECT_EQ(registry.open_sessions, 0);
}

TEST(Examination, FollowsATokenChallenge) {
  GoodRegistry registry{
      .asks = {"WWW-Authenticate", "Bearer realm=\"https://registry/token\",service=\"s\""},
      .lets_in = kToken};
  FakeProbe probe(std::ref(registry));
  EXPECT_THAT(examined(probe, order_for("https://registry")).findings, testing::IsEmpty());
  EXPECT_GT(registry.opened, 5);
}

TEST(Examination, SendsThePasswordToNoRealmWithoutTls) {
  GoodRegistry registry{.asks = {"WWW-Authenticate", "Bearer realm=\"http://elsewhere/token\""},
                        .lets_in = kToken};
  FakeProbe probe(std::ref(registry));
  const Report report = examined(probe, order_for("https://registry"));
  EXPECT_TRUE(std::ranges::any_of(report.findings, [](const Finding& finding) {
    return finding.ailment == Ailment::realm_elsewhere;
  }));
  for (const auto& entry : probe.diary) {
    EXPECT_FALSE(entry.authorization.contains("YWxpY2U6c2VjcmV0")) << entry.asked;
  }
}

TEST(Examination, SendsThePasswordNowhereElse) {
  GoodRegistry registry;
  FakeProbe probe([&registry](const Ask& ask) {
    Answer answer = registry(ask);
    for (auto& header : answer.headers) {
      if (header.name == "Location") header.value.insert(0, "http://elsewhere");
    }
    return answer;
  });
  const Report report = examined(probe, order_for("https://registry"));
  EXPECT_FALSE(report.findings.empty());
  for (const auto& entry : probe.diary) {
    if (entry.authorization.empty()) continue;
    EXPECT_TRUE(entry.asked.contains(" https://registry/")) << entry.asked;
  }
  EXPECT_EQ(registry.open_sessions, 0);
}

TEST(Examination, SendsNoPasswordWithoutAGoodCertificate) {
  GoodRegistry registry;
  FakeProbe* seen = nullptr;
  FakeProbe probe([&](const Ask& ask) {
    if (seen->trusting) return registry(ask);
    Answer answer = failed(Outcome::untrusted, "certificate has expired");
    answer.tls = TlsProblem::expired;
    return answer;
  });
  seen = &probe;
  const Report report = examined(probe, order_for("https://registry"));
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].ailment, Ailment::certificate_expired);
  for (const auto& entry : probe.diary)
    EXPECT_FALSE(entry.authorization.contains("YWxpY2U6c2VjcmV0"));
}

TEST(Examination, SendsNoPasswordInClearText) {
  GoodRegistry registry;
  FakeProbe probe(std::ref(registry));
  const Report report = examined(probe, order_for("http://registry:5000"));
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].ailment, Ailment::plain_http);
  for (const auto& entry : probe.diary)
    EXPECT_FALSE(entry.authorization.contains("YWxpY2U6c2VjcmV0"));
}

TEST(Examination, SaysWhenASessionCouldNotBeCancelled) {
  GoodRegistry registry;
  FakeProbe probe([&registry](const Ask& ask) {
    if (ask.method == "DELETE") return answer_of(500);
    if (ask.method == "GET" && ask.url.target().contains("/uploads/")) return answer_of(204);
    return registry(ask);
  });
  const Report report = examined(probe, order_for("https://registry"));
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings[0].ailment, Ailment::session_left);
  EXPECT_EQ(registry.opened, 1);
}

TEST(Examination, BeginsNothingNewWhenItsTimeIsOver) {
  GoodRegistry registry;
  FakeProbe probe(std::ref(registry));
  Order order = order_for("https://registry");
  order.time_limit = order.patience = std::chrono::seconds(0);
  const Report report = examined(probe, order);
  EXPECT_THAT(report.findings, testing::IsEmpty());
  EXPECT_THAT(report.notes, testing::Contains(testing::HasSubstr("too slowly")));
  EXPECT_EQ(registry.opened, 0);
  EXPECT_EQ(probe.diary.size(), 2) << "the door, and the one without TLS";
}

TEST(Examination, CannotRunWhereNobodyIs) {
  FakeProbe probe([](const Ask&) { return failed(Outcome::unreachable, "connection refused"); });
  const Report report = examined(probe, order_for("https://registry"));
  EXPECT_FALSE(report.ran);
  EXPECT_THAT(report.notes.back(), testing::HasSubstr("connection refused"));
}

TEST(Report, TellsAnAilmentOnceAndHolesFirst) {
  const Order order = order_for("https://registry");
  Report report{.ran = true};
  report.findings = {{Ailment::body_limit, "first"},
                     {Ailment::spoofed_user, "second"},
                     {Ailment::body_limit, "third"}};
  const std::string text = render_text(order, report);
  EXPECT_LT(text.find("HOLE spoofed-user"), text.find("body-limit"));
  EXPECT_EQ(text.find("body-limit"), text.rfind("body-limit"));
  for (const char* word :
       {"first", "second", "third", "client_max_body_size 0;", "HAProxy", "2 findings"}) {
    EXPECT_THAT(text, testing::HasSubstr(word));
  }
  report.server = "\"nginx/1.22\"";
  EXPECT_THAT(render_text(order, report), testing::Not(testing::HasSubstr("HAProxy")));
}

}  // namespace
}  // namespace moorgate::doctor
