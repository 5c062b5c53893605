#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/advice.hpp"
#include "doctor/checks_content.hpp"
#include "doctor/checks_door.hpp"
#include "doctor/checks_trust.hpp"
#include "doctor/checks_upload.hpp"
#include "doctor/doctor_test_kit.hpp"

namespace moorgate::doctor {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> names(const Findings& findings) {
  std::vector<std::string> out;
  for (const auto& finding : findings) out.emplace_back(advice_for(finding.ailment).name);
  return out;
}

struct Row {
  const char* what;
  Findings found;
  std::vector<std::string> expected;
};

void hold(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    EXPECT_EQ(names(row.found), row.expected) << row.what;
    for (const auto& finding : row.found) EXPECT_FALSE(finding.evidence.empty()) << row.what;
  }
}

const Url kDoor = *Url::parse("https://registry.example.com:5043");
const Header kJson = {"Content-Type", "application/json"};
const Header kHtml = {"Content-Type", "text/html"};
const std::string kErrors = R"({"errors":[{"code":"UNSUPPORTED","message":"no"}]})";

Header challenge(const char* value) {
  return {"www-authenticate", value};
}

TEST(CheckBase, TellsWhatAnswersAtTheDoor) {
  const auto base = [](const Answer& answer) { return check_base(kDoor, answer); };
  hold({
      {"a good registry", base(answer_of(401, {kVersion, kBasic}, kErrors)), {}},
      {"an open registry", base(answer_of(200, {kVersion}, "{}")), {}},
      {"no version", base(answer_of(401, {kBasic})), {"version-missing"}},
      {"no challenge", base(answer_of(401, {kVersion})), {"challenge-missing"}},
      {"two lines", base(answer_of(401, {kVersion, kBasic, kBasic})), {"challenge-several"}},
      {"two in one",
       base(answer_of(401, {kVersion, challenge("Basic realm=x, Bearer realm=\"https://y/\"")})),
       {"challenge-several"}},
      {"another scheme",
       base(answer_of(401, {kVersion, challenge("Negotiate")})),
       {"challenge-altered"}},
      {"an empty one", base(answer_of(401, {kVersion, challenge("")})), {"challenge-altered"}},
      {"a realm elsewhere by TLS",
       base(answer_of(401, {kVersion, challenge("Bearer realm=\"https://auth/t\"")})),
       {}},
      {"a realm without TLS",
       base(
           answer_of(401, {kVersion, challenge("Bearer realm=\"http://registry.example.com/t\"")})),
       {"realm-elsewhere"}},
      {"a portal's page", base(answer_of(200, {kHtml}, "<html>")), {"no-registry"}},
      {"another service", base(answer_of(200, {kJson}, "{\"name\": \"x\"}")), {"no-registry"}},
      {"a portal's redirect", base(answer_of(302, {{"Location", "https://sso/"}})), {"redirected"}},
      {"nothing there", base(answer_of(404, {kHtml})), {"path-missing"}},
      {"bad gateway", base(answer_of(502, {kHtml})), {"upstream-down"}},
      {"no answer", base(failed(Outcome::timeout)), {"upstream-down"}},
      {"forbidden", base(answer_of(403, {kHtml})), {"no-registry"}},
  });
}

TEST(CheckBase, WantsTlsExceptOnThisMachine) {
  const auto good = answer_of(401, {kVersion, kBasic});
  hold({{"far", check_base(url_of("http://registry"), good), {"plain-http"}},
        {"near", check_base(url_of("http://127.0.0.1:5000"), good), {}}});
}

TEST(CheckCertificate, NamesTheProblem) {
  const auto untrusted = [](TlsProblem problem) {
    Answer answer = failed(Outcome::untrusted);
    answer.tls = problem;
    return answer;
  };
  Answer alone = answer_of(401);
  alone.certificate_alone = true;
  const Answer chain = answer_of(401);
  hold({
      {"expired",
       check_certificate(kDoor, untrusted(TlsProblem::expired), chain),
       {"certificate-expired"}},
      {"name",
       check_certificate(kDoor, untrusted(TlsProblem::wrong_name), alone),
       {"certificate-name"}},
      {"alone",
       check_certificate(kDoor, untrusted(TlsProblem::unknown_authority), alone),
       {"certificate-chain"}},
      {"unknown",
       check_certificate(kDoor, untrusted(TlsProblem::unknown_authority), chain),
       {"certificate-unknown"}},
      {"other", check_certificate(kDoor, untrusted(TlsProblem::other), chain), {"tls-failed"}},
      {"none", check_certificate(kDoor, chain, chain), {}},
  });
}

TEST(CheckDoor, LooksBesideIt) {
  const Url plain = kDoor.at_port("http", 80);
  hold({
      {"nobody", check_plain_door(plain, failed(Outcome::unreachable)), {}},
      {"a redirect", check_plain_door(plain, answer_of(308, {{"Location", "https://x/"}})), {}},
      {"another site", check_plain_door(plain, answer_of(200, {kHtml}, "<html>")), {}},
      {"it asks", check_plain_door(plain, answer_of(401, {kBasic})), {"plain-door"}},
      {"it is open", check_plain_door(plain, answer_of(200, {kVersion}, "{}")), {"plain-door"}},
      {"signed in", check_signed_in(answer_of(200, {kVersion})), {}},
      {"refused", check_signed_in(answer_of(401, {kVersion, kBasic})), {"authorization-lost"}},
      {"version lost", check_signed_in(answer_of(200)), {"version-missing"}},
  });
}

TEST(CheckTrust, IsAHoleWhereAForgeryIsBelieved) {
  const Header user = {"X-Forwarded-User", "admin"};
  const Header address = {"X-Forwarded-For", "127.0.0.1"};
  const Answer refused = answer_of(401, {kBasic});
  const Answer let_in = answer_of(200);
  hold({
      {"user", check_spoofed_user(user, let_in), {"spoofed-user"}},
      {"no user", check_spoofed_user(user, refused), {}},
      {"address", check_spoofed_address(address, let_in), {"spoofed-address"}},
      {"no address", check_spoofed_address(address, refused), {}},
      {"location",
       check_spoofed_host("POST", answer_of(202, {{"Location", "http://doctor.invalid/v2/"}})),
       {"spoofed-host"}},
      {"realm",
       check_spoofed_host("GET",
                          answer_of(401, {challenge("Bearer realm=\"https://doctor.invalid/t\"")})),
       {"spoofed-host"}},
      {"no host", check_spoofed_host("POST", answer_of(202, {{"Location", "/v2/"}})), {}},
      {"bypass",
       check_path_bypass("//v2/", answer_of(200, {kJson}, "{\"repositories\":[]}")),
       {"path-bypass"}},
      {"a page", check_path_bypass("//v2/", answer_of(200, {kHtml}, "<html>")), {}},
      {"anybody", check_any_password(let_in), {"any-password"}},
      {"nobody", check_any_password(refused), {}},
      {"push", check_open_push(answer_of(202)), {"open-push"}},
      {"no push", check_open_push(refused), {}},
      {"unasked", check_password_unasked(let_in), {"password-unasked"}},
  });
}

TEST(CheckLocation, MustLeadBackToTheDoor) {
  const auto at = [](const char* location) {
    return check_location(kDoor, "POST", answer_of(202, {{"Location", location}}));
  };
  const auto at_443 = [](const char* location) {
    return check_location(url_of("https://registry"), "POST",
                          answer_of(202, {{"Location", location}}));
  };
  hold({
      {"a path", at("/v2/x"), {}},
      {"the door", at("https://registry.example.com:5043/v2/x"), {}},
      {"another case", at("https://Registry.Example.com:5043/v2/x"), {}},
      {"http", at("http://registry.example.com:5043/v2/x"), {"location-scheme"}},
      {"port lost", at("https://registry.example.com/v2/x"), {"location-host"}},
      {"both", at("http://registry:5000/v2/x"), {"location-scheme", "location-host"}},
      {"http at the default port", at_443("http://registry/v2/x"), {"location-scheme"}},
      {"another host", at_443("https://registry.internal/v2/x"), {"location-host"}},
      {"no slash", at("v2/x"), {"location-form"}},
      {"nonsense", at("ftp://x/"), {"location-form"}},
      {"none", check_location(kDoor, "POST", answer_of(202)), {"location-form"}},
  });
}

TEST(CheckUpload, TellsWhoRefused) {
  hold({
      {"405 of a proxy", check_method("PATCH", answer_of(405, {kHtml})), {"method-filtered"}},
      {"403 of a proxy", check_method("DELETE", answer_of(403, {kHtml})), {"method-filtered"}},
      {"405 of the registry", check_method("DELETE", answer_of(405, {kJson}, kErrors)), {}},
      {"403 of the registry", check_method("PATCH", answer_of(403, {kJson}, kErrors)), {}},
      {"passes", check_method("PATCH", answer_of(202)), {}},
      {"411", check_chunked(answer_of(411)), {"chunked-refused"}},
      {"501", check_chunked(answer_of(501)), {"chunked-refused"}},
      {"400 of a proxy", check_chunked(answer_of(400, {kHtml})), {"chunked-refused"}},
      {"chunks pass", check_chunked(answer_of(202)), {}},
      {"417", check_expect(answer_of(417)), {"expect-refused"}},
      {"hangs", check_expect(failed(Outcome::timeout)), {"expect-refused"}},
      {"continues", check_expect(answer_of(202)), {}},
      {"413", check_body_limit(2 << 20, answer_of(413, {kHtml})), {"body-limit"}},
      {"a firewall", check_body_limit(2 << 20, answer_of(403, {kHtml})), {"body-limit"}},
      {"large passes", check_body_limit(2 << 20, answer_of(202)), {}},
      {"nothing heard", check_body_limit(2 << 20, failed(Outcome::silent)), {}},
  });
}

TEST(CheckUpload, KnowsWhoWaitsForTheEnd) {
  const Answer unknown = answer_of(404, {kVersion, kJson}, kErrors);
  hold({
      {"passed on at once", check_buffering(unknown, unknown), {}},
      {"kept", check_buffering(failed(Outcome::silent), unknown), {"buffered"}},
      {"cannot be told", check_buffering(failed(Outcome::silent), answer_of(403, {kHtml})), {}},
      {"nor so", check_buffering(failed(Outcome::silent), failed(Outcome::timeout)), {}},
  });
}

TEST(CheckUpload, KnowsWhoCutsAPause) {
  const milliseconds pause{20'000};
  hold({
      {"patient", check_pause(pause, answer_of(202)), {}},
      {"closed", check_pause(pause, failed(Outcome::broken)), {"pause-cut"}},
      {"408", check_pause(pause, answer_of(408)), {"pause-cut"}},
      {"504", check_pause(pause, answer_of(504)), {"pause-cut"}},
      {"another matter", check_pause(pause, answer_of(401)), {}},
  });
}

TEST(CheckContent, TellsWhatIsLost) {
  const Header digest = {"Docker-Content-Digest", "sha256:x"};
  const Header length = {"Content-Length", "10"};
  const auto blob = [](const Answer& answer) { return check_blob(kDoor, answer); };
  hold({
      {"a manifest", check_manifest(answer_of(200, {digest})), {}},
      {"no digest", check_manifest(answer_of(200)), {"digest-lost"}},
      {"not acceptable", check_manifest(answer_of(404, {kJson}, kErrors)), {"accept-dropped"}},
      {"schema 1",
       check_manifest(answer_of(
           200, {digest,
                 {"Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws"}})),
       {"accept-dropped"}},
      {"HEAD", check_head("blob", answer_of(200, {length})), {}},
      {"HEAD refused", check_head("blob", answer_of(405)), {"head-refused"}},
      {"HEAD without length", check_head("blob", answer_of(200)), {"length-lost"}},
      {"a blob", blob(answer_of(200, {length})), {}},
      {"gzip", blob(answer_of(200, {{"Content-Encoding", "gzip"}})), {"compressed"}},
      {"no length", blob(answer_of(200)), {"length-lost"}},
      {"storage", blob(answer_of(307, {{"Location", "https://storage.example.net/x"}})), {}},
      {"storage without TLS",
       blob(answer_of(307, {{"Location", "http://storage.example.net/x"}})),
       {"blob-redirect"}},
      {"a host that gets the password",
       blob(answer_of(307, {{"Location", "https://s3.registry.example.com/x"}})),
       {"blob-redirect"}},
      {"a part", check_range(answer_of(206)), {}},
      {"the whole", check_range(answer_of(200)), {"range-ignored"}},
      {"escaped", check_encoded_path(answer_of(200)), {}},
      {"altered", check_encoded_path(answer_of(404)), {"encoded-path"}},
  });
}

TEST(CheckContent, FindsTheWayToABlob) {
  EXPECT_EQ(first_of(R"({"tags":["1","2"]})", "tags"), "1");
  for (const char* text :
       {"", "[]", "{}", R"({"tags":null})", R"({"tags":[]})", R"({"tags":[1]})", "<html>"}) {
    EXPECT_FALSE(first_of(text, "tags")) << text;
  }
  EXPECT_EQ(first_reference(R"({"config":{"digest":"sha256:a"}})")->digest, "sha256:a");
  const auto child = first_reference(R"({"manifests":[{"digest":"sha256:b"}]})");
  ASSERT_TRUE(child);
  EXPECT_TRUE(child->is_manifest);
  for (const char* text :
       {"", "{}", R"({"config":{}})", R"({"manifests":[]})", R"({"manifests":[3]})"}) {
    EXPECT_FALSE(first_reference(text)) << text;
  }
}

}  // namespace
}  // namespace moorgate::doctor
