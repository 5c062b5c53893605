#include "config/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>

namespace moorgate::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

enum class Style { plain, json };

struct Entry {
  std::string address = "0.0.0.0:5043";
  bool tls = true;
};

/// A bit of everything, as the folders write it.
struct Sample {
  std::string url;
  std::uint16_t port = 5043;
  std::int64_t offset = 0;
  std::chrono::seconds idle = 60s;
  std::chrono::milliseconds tick = 250ms;
  std::uint64_t chunk = 65'536;
  Style style = Style::plain;
  std::vector<Style> styles = {Style::plain};
  std::vector<std::string> from;
  std::filesystem::path certificate = "default.crt";
  Secret password;
  std::vector<Entry> listen;
  std::map<std::string, std::vector<std::string>> groups;
  std::string upstream;
  bool has_upstream = false;
};

Entry parse_entry(const Reader& in) {
  Entry entry;
  in.read("address", entry.address, "where to listen");
  in.read("tls", entry.tls, "speak TLS there");
  in.require("address");
  return entry;
}

Sample parse_sample(const Reader& in) {
  Sample s;
  in.read("url", s.url, "where clients reach us");
  in.read("port", s.port, "TCP port", {.min = 1});
  in.read("offset", s.offset, "any number");
  in.read("idle", s.idle, "close idle connections after this", {.min = 1s, .max = 1h});
  in.read("tick", s.tick, "how often");
  in.read_size("chunk", s.chunk, "read size", {.min = 4096, .max = 1 << 20});
  in.read_enum("style", s.style, "how lines look",
               {{"plain", Style::plain}, {"json", Style::json}});
  in.read_enums("styles", s.styles, "several", {{"plain", Style::plain}, {"json", Style::json}});
  in.read("from", s.from, "trusted networks");
  const Reader tls = in.section("tls", "what clients see");
  tls.read("certificate", s.certificate, "PEM chain");
  tls.read("password", s.password, "of the key");
  for (const Reader& entry : in.items("listen", "sockets", "address")) {
    s.listen.push_back(parse_entry(entry));
  }
  const Reader groups = in.section("groups", "named sets of users");
  for (const std::string& name : groups.keys("NAME")) {
    groups.read(name, s.groups[name], "members; globs allowed");
  }
  s.has_upstream = in.has("upstream");
  in.section("upstream", "another registry", "url").read("url", s.upstream, "its address");
  return s;
}

struct Parsed {
  Sample sample;
  std::vector<std::string> problems;
};

Parsed parse(std::string_view text, Environment environment = {}) {
  const Document document = Document::parse(text, "/etc/m/c.yml", std::move(environment));
  Parsed parsed{parse_sample(document.root()), {}};
  for (const Problem& problem : document.problems()) parsed.problems.push_back(to_string(problem));
  return parsed;
}

TEST(Reader, LeavesDefaultsWhereNothingIsGiven) {
  for (const char* text : {"", "# nothing\n", "tls:\nlisten:\ngroups: {}\n"}) {
    const auto [s, problems] = parse(text);
    EXPECT_THAT(problems, IsEmpty()) << text;
    EXPECT_EQ(s.port, 5043);
    EXPECT_EQ(s.certificate, "default.crt");
    EXPECT_THAT(s.listen, IsEmpty());
    EXPECT_FALSE(s.has_upstream);
  }
}

TEST(Reader, ReadsEveryKindOfValue) {
  const auto [s, problems] = parse(R"(
url: https://registry.example.com
port: 443
offset: -7
idle: 5m
tick: 1s
chunk: 128KiB
style: json
styles: [json, plain]
from: [10.0.0.0/8, "::1"]
tls:
  certificate: auth/../auth/domain.crt
  password: hunter2
listen:
  - address: 0.0.0.0:443
  - { address: "unix:/run/m.sock", tls: off }
  - 127.0.0.1:80
groups:
  pushers: [testuser, "ci-*"]
  "odd name": solo
upstream: http://registry:5000
)");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(s.url, "https://registry.example.com");
  EXPECT_EQ(s.port, 443);
  EXPECT_EQ(s.offset, -7);
  EXPECT_EQ(s.idle, 5min);
  EXPECT_EQ(s.tick, 1s);
  EXPECT_EQ(s.chunk, 128U * 1024);
  EXPECT_EQ(s.style, Style::json);
  EXPECT_THAT(s.styles, ElementsAre(Style::json, Style::plain));
  EXPECT_THAT(s.from, ElementsAre("10.0.0.0/8", "::1"));
  EXPECT_EQ(s.certificate, "/etc/m/auth/domain.crt");
  EXPECT_EQ(s.password.reveal(), "hunter2");
  ASSERT_EQ(s.listen.size(), 3U);
  EXPECT_FALSE(s.listen[1].tls);
  EXPECT_EQ(s.listen[2].address, "127.0.0.1:80");
  EXPECT_THAT(s.groups.at("pushers"), ElementsAre("testuser", "ci-*"));
  EXPECT_THAT(s.groups.at("odd name"), ElementsAre("solo"));
  EXPECT_EQ(s.upstream, "http://registry:5000");
}

struct BadCase {
  const char* text;
  const char* problem;
};

TEST(Reader, SaysWhatIsWrongAndWhere) {
  const BadCase cases[] = {
      {"\nprot: 1", "/etc/m/c.yml:2: prot: unknown key; did you mean port?"},
      {"tls:\n  certifcate: a",
       "/etc/m/c.yml:2: tls.certifcate: unknown key; did you mean certificate?"},
      {"certificate: a",
       "/etc/m/c.yml:1: certificate: unknown key here; did you mean tls.certificate?"},
      {"qqqqqqqq: 1", "/etc/m/c.yml:1: qqqqqqqq: unknown key"},
      {"port: 1\nport: 2", "/etc/m/c.yml:2: port: given twice; the first is on line 1"},
      {"port: many", "/etc/m/c.yml:1: port: must be a whole number, not \"many\""},
      {"port: 0", "/etc/m/c.yml:1: port: must be at least 1, at most 65535, not \"0\""},
      {"port: 65536", "/etc/m/c.yml:1: port: must be at least 1, at most 65535, not \"65536\""},
      {"port: [1]", "/etc/m/c.yml:1: port: must be a single value"},
      {"port:", "/etc/m/c.yml:1: port: has no value"},
      {"idle: 30",
       "/etc/m/c.yml:1: idle: must be a duration such as 500ms, 30s, 5m, 12h or 7d, not \"30\""},
      {"idle: 2h", "/etc/m/c.yml:1: idle: must be at least 1s, at most 1h, not \"2h\""},
      {"idle: 1500ms", "/etc/m/c.yml:1: idle: must be a multiple of 1s, not \"1500ms\""},
      {"chunk: 1k", "/etc/m/c.yml:1: chunk: must be a size such as 512, 64KiB or 4MiB, not \"1k\""},
      {"chunk: 1KiB", "/etc/m/c.yml:1: chunk: must be at least 4KiB, at most 1MiB, not \"1KiB\""},
      {"style: jsn",
       "/etc/m/c.yml:1: style: must be one of plain, json, not \"jsn\"; did you mean json?"},
      {"styles:\n- plain\n- x", "/etc/m/c.yml:3: styles: must be one of plain, json, not \"x\""},
      {"from: {a: b}", "/etc/m/c.yml:1: from: must be a list of values"},
      {"from:\n  - a\n  - [b]", "/etc/m/c.yml:3: from[1]: must be a single value"},
      {"tls: yes", "/etc/m/c.yml:1: tls: must be a mapping of keys to values"},
      {"tls: [a]", "/etc/m/c.yml:1: tls: must be a mapping of keys to values"},
      {"tls:\n  certificate: ''", "/etc/m/c.yml:2: tls.certificate: must be a path, not empty"},
      {"listen:\n  - {tls: on}", "/etc/m/c.yml:2: listen[0].address: is missing"},
      {"listen:\n  - {address: a, tls: maybe}",
       "/etc/m/c.yml:2: listen[0].tls: must be yes or no, not \"maybe\""},
      {"listen:\n  - [a]", "/etc/m/c.yml:2: listen[0]: must be a mapping of keys to values"},
      {"groups:\n  a: {b: c}", "/etc/m/c.yml:2: groups.a: must be a list of values"},
      {"tls:\n  password: env:NO_SUCH",
       "/etc/m/c.yml:2: tls.password: the environment variable NO_SUCH is not set"},
      {"- a", "/etc/m/c.yml:1: must be a mapping of keys to values"},
      {"just text", "/etc/m/c.yml:1: must be a mapping of keys to values"},
      {"port: 1\n\tidle: 5s", "/etc/m/c.yml:2: indented with a tab; YAML wants spaces"},
  };
  for (const auto& c : cases)
    EXPECT_THAT(parse(c.text).problems, testing::Contains(c.problem)) << c.text;
}

TEST(Reader, ReportsEveryMistakeInTheOrderOfTheFile) {
  const auto [s, problems] = parse(
      "zzzzzzzzzz: 1\n"
      "tls: {certifcate: x}\n"
      "idle: soon\n"
      "listen: [{addres: a, address: b}]\n"
      "port: -1\n",
      {{"MOORGATE_PRT", "1"}});
  ASSERT_EQ(problems.size(), 6U);
  for (int line = 1; line <= 5; ++line) {
    EXPECT_THAT(problems[static_cast<std::size_t>(line - 1)],
                testing::StartsWith("/etc/m/c.yml:" + std::to_string(line) + ": "));
  }
  EXPECT_EQ(problems[5],
            "environment variable MOORGATE_PRT: replaces no key of the configuration; did you mean "
            "MOORGATE_PORT?");
  EXPECT_EQ(s.port, 5043);
}

TEST(Reader, IsSilentAboutContentWhenTheFileIsNotYaml) {
  EXPECT_EQ(parse("port: [", {{"MOORGATE_X", "1"}}).problems.size(), 1U);
}

TEST(Reader, NeverPrintsASecret) {
  const auto [s, problems] = parse("tls: {password: [hunter2]}");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0], testing::Not(testing::HasSubstr("hunter2")));
}

TEST(Reader, FetchesSecretsFromFileAndEnvironment) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "moorgate_reader_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "secret") << "s3cret\n";
  std::ofstream(folder / "empty") << "\n";
  const auto read = [&](const std::string& value, Environment environment = {}) {
    std::ofstream(folder / "c.yml") << "password: '" << value << "'\n";
    const Document document = Document::load(folder / "c.yml", std::move(environment));
    Secret secret;
    document.root().read("password", secret, "");
    const auto problems = document.problems();
    return problems.empty() ? std::string(secret.reveal()) : problems.front().message;
  };
  EXPECT_EQ(read("file:secret"), "s3cret");
  EXPECT_EQ(read("file:" + (folder / "secret").string()), "s3cret");
  EXPECT_EQ(read("file:empty"), "the file it names is empty");
  EXPECT_THAT(read("file:nowhere"), testing::StartsWith("could not read a file: No such file"));
  EXPECT_EQ(read("env:LDAP", {{"LDAP", "from env"}}), "from env");
  EXPECT_EQ(read("env:MOORGATE_MY", {{"MOORGATE_MY", "not an override"}}), "not an override");
  EXPECT_EQ(read("plain:text"), "plain:text");
  EXPECT_EQ(read("ignored", {{"MOORGATE_PASSWORD", "file:secret"}}), "s3cret");
  std::filesystem::remove_all(folder);
}

TEST(Reader, SaysWhenTheFileCannotBeRead) {
  const Document document = Document::load("/nowhere/c.yml");
  parse_sample(document.root());
  const auto problems = document.problems();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(to_string(problems[0]),
            "/nowhere/c.yml: could not read a file: No such file or directory (/nowhere/c.yml)");
}

TEST(Reader, ReportsWhatTheCallerFinds) {
  const Document document = Document::parse("a: 1\nlist:\n  - x\n  - y\nsub:\n  b: 2\n", "f");
  const Reader root = document.root();
  root.problem("a", "is odd");
  root.problem("list", 1, "is not a network");
  root.section("sub", "").problem("", "needs more");
  root.section("sub", "").problem("b", "is even");
  root.section("gone", "").problem("c", "is needed");
  std::vector<std::string> problems;
  for (const auto& problem : document.problems()) problems.push_back(to_string(problem));
  EXPECT_THAT(problems, ElementsAre("f: gone.c: is needed", "f:1: a: is odd",
                                    "f:4: list[1]: is not a network", "f:5: sub: needs more",
                                    "f:6: sub.b: is even"));
}

TEST(Reader, OutlivesItsDocument) {
  const Reader root = Document::parse("a: x", "f").root();
  std::string value;
  EXPECT_TRUE(root.read("a", value, ""));
  EXPECT_EQ(value, "x");
}

struct OverrideCase {
  const char* name;
  const char* value;
  std::function<bool(const Sample&)> taken;
};

TEST(EnvironmentOverride, ReplacesSingleKeys) {
  const char* file =
      "port: 1\nfrom: [a, b]\ntls: {certificate: x}\nlisten: [{address: one}, {address: two}]\n"
      "groups: {pushers: [a]}\nupstream: http://file\n";
  const OverrideCase cases[] = {
      {"MOORGATE_PORT", "99", [](auto& s) { return s.port == 99; }},
      {"MOORGATE_URL", "a: *b # c", [](auto& s) { return s.url == "a: *b # c"; }},
      {"MOORGATE_IDLE", "7s", [](auto& s) { return s.idle == 7s; }},
      {"MOORGATE_TLS_CERTIFICATE", "y.crt",
       [](auto& s) { return s.certificate == "/etc/m/y.crt"; }},
      {"MOORGATE_TLS", "{certificate: z}", [](auto& s) { return s.certificate == "/etc/m/z"; }},
      {"MOORGATE_TLS_PASSWORD", "[x", [](auto& s) { return s.password.reveal() == "[x"; }},
      {"MOORGATE_FROM", "solo", [](auto& s) { return s.from == std::vector<std::string>{"solo"}; }},
      {"MOORGATE_FROM", "[c, d, e]", [](auto& s) { return s.from.size() == 3; }},
      {"MOORGATE_FROM_1", "z",
       [](auto& s) { return s.from == std::vector<std::string>{"a", "z"}; }},
      {"MOORGATE_FROM_2", "z", [](auto& s) { return s.from.size() == 3 && s.from[2] == "z"; }},
      {"MOORGATE_LISTEN_1_ADDRESS", "new", [](auto& s) { return s.listen[1].address == "new"; }},
      {"MOORGATE_LISTEN_2_ADDRESS", "third", [](auto& s) { return s.listen.size() == 3; }},
      {"MOORGATE_LISTEN_0", "short", [](auto& s) { return s.listen[0].address == "short"; }},
      {"MOORGATE_LISTEN", "[{address: only}]", [](auto& s) { return s.listen.size() == 1; }},
      {"MOORGATE_LISTEN", "only", [](auto& s) { return s.listen.size() == 1; }},
      {"MOORGATE_GROUPS_PUSHERS", "[x, y]",
       [](auto& s) { return s.groups.at("pushers").size() == 2; }},
      {"MOORGATE_GROUPS", "{ops: [x]}", [](auto& s) { return s.groups.contains("ops"); }},
      {"MOORGATE_UPSTREAM", "http://env", [](auto& s) { return s.upstream == "http://env"; }},
      {"MOORGATE_UPSTREAM_URL", "http://env", [](auto& s) { return s.upstream == "http://env"; }},
      {"MOORGATE_STYLES", "- json\n- plain", [](auto& s) { return s.styles.size() == 2; }},
      {"MOORGATE_PORT", "", [](auto& s) { return s.port == 1; }},
      {"HOME", "unrelated", [](auto& s) { return s.port == 1; }},
  };
  for (const auto& c : cases) {
    const auto [s, problems] = parse(file, {{c.name, c.value}});
    EXPECT_THAT(problems, IsEmpty()) << c.name;
    EXPECT_TRUE(c.taken(s)) << c.name << '=' << c.value;
  }
}

TEST(EnvironmentOverride, WorksWithoutAFile) {
  const auto [s, problems] = parse("", {{"MOORGATE_LISTEN_0_ADDRESS", "a"},
                                        {"MOORGATE_LISTEN_1_ADDRESS", "b"},
                                        {"MOORGATE_LISTEN_1_TLS", "off"},
                                        {"MOORGATE_UPSTREAM_URL", "http://env"}});
  EXPECT_THAT(problems, IsEmpty());
  ASSERT_EQ(s.listen.size(), 2U);
  EXPECT_FALSE(s.listen[1].tls);
  EXPECT_TRUE(s.has_upstream);
}

TEST(EnvironmentOverride, MistakesNameTheVariable) {
  const BadCase cases[] = {
      {"MOORGATE_PORT=x",
       "environment variable MOORGATE_PORT: port: must be a whole number, not \"x\""},
      {"MOORGATE_LISTEN_5_ADDRESS=x",
       "environment variable MOORGATE_LISTEN_5_ADDRESS: replaces no key of the configuration"},
      {"MOORGATE_TLS={certifcate: x}",
       "environment variable MOORGATE_TLS: tls.certifcate: unknown key; did you mean certificate?"},
      {"MOORGATE_FROM=[a",
       "environment variable MOORGATE_FROM: from: not valid YAML: end of sequence flow not found"},
      {"MOORGATE_TLS=text",
       "environment variable MOORGATE_TLS: tls: must be a mapping of keys to values"},
  };
  for (const auto& c : cases) {
    const std::string text = c.text;
    const std::size_t equals = text.find('=');
    EXPECT_THAT(parse("", {{text.substr(0, equals), text.substr(equals + 1)}}).problems,
                ElementsAre(c.problem));
  }
}

TEST(ReferenceRecorder, ListsEveryDeclarationOnce) {
  const Document document = Document::for_reference();
  parse_sample(document.root());
  parse_sample(document.root());
  EXPECT_THAT(document.problems(), IsEmpty());
  std::vector<std::string> lines;
  for (const Option& o : document.reference()) {
    lines.push_back(o.path + " | " + o.type + " | " + o.default_value + " | " + o.limits +
                    (o.required ? " required" : ""));
  }
  EXPECT_THAT(
      lines,
      ElementsAre("url | text |  | ", "port | number | 5043 | at least 1", "offset | number | 0 | ",
                  "idle | duration | 1m | at least 1s, at most 1h", "tick | duration | 250ms | ",
                  "chunk | size | 64KiB | at least 4KiB, at most 1MiB",
                  "style | one of plain, json | plain | ",
                  "styles | list of plain, json | [plain] | ", "from | list of texts |  | ",
                  "tls | section |  | ", "tls.certificate | path | default.crt | ",
                  "tls.password | secret |  | ", "listen | list of sections |  | ",
                  "listen[].address | text | 0.0.0.0:5043 |  required",
                  "listen[].tls | yes or no | yes | ", "groups | section |  | ",
                  "groups.NAME | list of texts |  | ", "upstream | section |  | ",
                  "upstream.url | text |  | "));
}

}  // namespace
}  // namespace moorgate::config
