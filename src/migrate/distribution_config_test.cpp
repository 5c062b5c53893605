#include "migrate/distribution_config.hpp"

#include <gtest/gtest.h>

#include "migrate/import.hpp"
#include "migrate/migrate_test_kit.hpp"

namespace moorgate::migrate {
namespace {

std::string flat(const config::Node& node) {
  switch (node.kind) {
    case config::Node::Kind::null:
      return "~";
    case config::Node::Kind::scalar:
      return node.text;
    default:
      break;
  }
  const bool is_list = node.kind == config::Node::Kind::list;
  std::string out;
  for (const auto& child : node.children) {
    out += (out.empty() ? "" : ",") + (is_list ? "" : child.key + ":") + flat(child);
  }
  return (is_list ? "[" : "{") + out + (is_list ? "]" : "}");
}

struct Case {
  std::string_view text;
  config::Environment environment;
  std::string_view tree;
};

TEST(DistributionConfig, LaysVariablesOverTheFile) {
  for (const auto& [text, environment, tree] : std::initializer_list<Case>{
           {"http: {addr: ':5000'}", {{"REGISTRY_HTTP_ADDR", ":6000"}}, "{http:{addr::6000}}"},
           {"http: {}", {{"REGISTRY_HTTP_TLS_CERTIFICATE", "/c"}}, "{http:{tls:{certificate:/c}}}"},
           {"storage: filesystem",
            {{"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", "/r"}},
            "{storage:{filesystem:{rootdirectory:/r}}}"},
           {"storage: {filesystem: {}}",
            {{"REGISTRY_STORAGE", "s3"}, {"REGISTRY_STORAGE_S3_BUCKET", "b"}},
            "{storage:{s3:{bucket:b}}}"},
           {"notifications: {endpoints: [{name: a}]}",
            {{"REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL", "u"},
             {"REGISTRY_NOTIFICATIONS_ENDPOINTS_1_NAME", "b"}},
            "{notifications:{endpoints:[{name:a,url:u},{name:b}]}}"},
           {"redis: {addrs: [a]}", {{"REGISTRY_REDIS_ADDRS", "[x, y]"}}, "{redis:{addrs:[x,y]}}"},
           {"log: {fields: {Service: a}}",
            {{"REGISTRY_LOG_FIELDS_SERVICE", "b"}},
            "{log:{fields:{Service:b}}}"},
           {"http: {addr: a}",
            {{"REGISTRY_CONFIGURATION_PATH", "/x"}, {"PATH", "/bin"}},
            "{http:{addr:a}}"},
       }) {
    const auto config = read_distribution(text, "config.yml", environment);
    EXPECT_TRUE(config.problems.empty()) << text;
    EXPECT_EQ(flat(config.root), tree) << text;
  }
}

TEST(DistributionConfig, ReadsBooleansAsTheRegistryDoes) {
  const auto read = [](std::string_view text) {
    return registry_bool(config::parse_yaml(text, "", {.bytes = 100, .depth = 4}).root);
  };
  for (const char* yes :
       {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"}) {
    EXPECT_EQ(read(yes), true) << yes;
  }
  for (const char* no :
       {"n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"}) {
    EXPECT_EQ(read(no), false) << no;
  }
  for (const char* neither : {"'true'", "\"y\"", "1", "t", "tRUE", "", "[true]"}) {
    EXPECT_EQ(read(neither), std::nullopt) << neither;
  }
}

TEST(DistributionConfig, ReadsDurationsAsGoDoes) {
  using std::chrono::milliseconds;
  const auto read = [](std::string_view text) {
    return registry_duration({.kind = config::Node::Kind::scalar, .text = std::string(text)});
  };
  EXPECT_EQ(read("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(read("1.5h"), milliseconds(5'400'000));
  EXPECT_EQ(read("-2s"), milliseconds(-2'000));
  EXPECT_EQ(read("1500us"), milliseconds(1));
  EXPECT_EQ(read("60"), milliseconds(0)) << "of nanoseconds";
  EXPECT_EQ(read("0"), milliseconds(0));
  EXPECT_GT(read("99999999999h"), std::chrono::years(200));
  for (const char* bad : {"", "-", "s", "5 m", "1d", ".s", "1.2.3s", "1h-2m", "h1", "1hm"}) {
    EXPECT_EQ(read(bad), std::nullopt) << bad;
  }
}

TEST(DistributionConfig, RefusesMergedKeysThatReadersDifferIn) {
  const auto own_wins = read_distribution(
      "x: &x {htpasswd: {realm: r, path: /u}}\nauth: {<<: *x}\n", "config.yml", {});
  EXPECT_TRUE(own_wins.problems.empty());
  EXPECT_EQ(flat(*own_wins.root.member("auth")), "{htpasswd:{realm:r,path:/u}}");
  const auto disputed = read_distribution(
      "x: &x {path: /a}\nauth: {htpasswd: {path: /b, <<: *x}}\n", "config.yml", {});
  ASSERT_EQ(disputed.problems.size(), 1U);
  EXPECT_EQ(disputed.problems.front().key, "auth.htpasswd.path");
  const auto by_variable = read_distribution(
      "http: {}", "config.yml", {{"REGISTRY_AUTH", "{htpasswd: {path: /b, <<: {path: /a}}}"}});
  ASSERT_EQ(by_variable.problems.size(), 1U);
  EXPECT_EQ(by_variable.problems.front().file, "REGISTRY_AUTH");
}

TEST(DistributionConfig, AVariableDoesNotReachIntoWhatTheRegistryKeepsAsItIs) {
  const std::string text =
      "version: 0.1\nstorage: {filesystem: {}, maintenance: {readonly: {enabled: true}}}\n";
  const config::Environment environment = {
      {"REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED", "false"}};
  FakeFiles files{};
  const auto imported = import_distribution(files, text, "config.yml", environment);
  ASSERT_TRUE(imported.problems.empty());
  EXPECT_EQ(imported.yaml.find("push"), std::string::npos) << imported.yaml;
  EXPECT_EQ(imported.report.unclear.begin()->place.file,
            "REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED");
}

TEST(DistributionConfig, AVariableThatLeadsNowhereIsAProblem) {
  for (const auto& [name, value] : config::Environment{{"REGISTRY_REDIS_ADDRS_7", "x"},
                                                       {"REGISTRY_REDIS_ADDRS_X", "x"},
                                                       {"REGISTRY_HTTP_ADDR", "[broken"}}) {
    const auto config = read_distribution("redis: {addrs: [a]}", "config.yml", {{name, value}});
    ASSERT_EQ(config.problems.size(), 1U) << name;
    EXPECT_EQ(config.problems.front().file, name);
  }
}

TEST(DistributionConfig, VariablesOfOthersAreIgnoredAndTold) {
  FakeFiles files{};
  const auto imported =
      import_distribution(files, std::string(kDistributionDefaults), "config.yml",
                          {{"REGISTRY_PORT", "tcp://10.0.0.1:5000"}, {"REGISTRY_NAME", "[broken"}});
  EXPECT_TRUE(imported.problems.empty());
  EXPECT_EQ(imported.report.unclear,
            (std::set<Remark>{{{"REGISTRY_PORT", 0}, "names no setting of the registry"},
                              {{"REGISTRY_NAME", 0}, "names no setting of the registry"}}));
  EXPECT_EQ(imported.yaml.find("10.0.0.1"), std::string::npos);
}

TEST(DistributionConfig, IsRecognised) {
  EXPECT_TRUE(is_distribution_config("version: 0.1\nstorage: inmemory\n"));
  EXPECT_FALSE(is_distribution_config("listen: 1\n"));
  EXPECT_FALSE(is_distribution_config("version: '3'\nservices: {}\n"));
  EXPECT_FALSE(is_distribution_config("[broken"));
  EXPECT_TRUE(overrides_distribution({{"REGISTRY_HTTP_ADDR", ":1"}}));
  EXPECT_FALSE(
      overrides_distribution({{"REGISTRY_PORT", "tcp://x"}, {"REGISTRY_CONFIGURATION_PATH", "x"}}));
}

TEST(DistributionConfig, ReadsDockersEnvFiles) {
  const auto environment = parse_env_file("# c\n\n  A=1\r\nB='x y' # z\nC=a=b\nA=2", "f");
  ASSERT_TRUE(environment);
  EXPECT_EQ(*environment, (config::Environment{{"A", "2"}, {"B", "'x y' # z"}, {"C", "a=b"}}));
  EXPECT_EQ(to_string(parse_env_file("A=1\nB C=2", "f").error()),
            "f:2: is not NAME=VALUE, as docker's --env-file wants it");
  EXPECT_EQ(parse_env_file("HOME", "f").error().line, 1);
}

struct Refusal {
  std::string_view text;
  std::string_view key;
};

/// What is not understood there could let in whom the registry keeps out.
TEST(DistributionConfig, RefusesWhatItDoesNotUnderstandAboutRights) {
  for (const auto& [text, key] : std::initializer_list<Refusal>{
           {"auth: {htpaswd: {realm: r, path: /auth/users}}", "auth.htpaswd"},
           {"auth: {HTPASSWD: {realm: r, path: /auth/users}}", "auth.HTPASSWD"},
           {"auth: {\"<<\": {htpasswd: {realm: r, path: /auth/users}}}", "auth.<<"},
           {"auth: {none: {htpasswd: {path: /auth/users}}}", "auth.none.htpasswd"},
           {"auth: {htpasswd: {realm: r, path: /auth/users}, token: {realm: x}}", "auth"},
           {"auth: {none: , htpasswd: {realm: r, path: /auth/users}}", "auth"},
           {"auth: [htpasswd]", "auth"},
           {"auth: basic", "auth"},
           {"storage: {filesystem: {}, maintenance: {readonly: {enabled: 'true'}}}",
            "storage.maintenance.readonly.enabled"},
           {"storage: {filesystem: {}, maintenance: {readonly: {enabled: 1}}}",
            "storage.maintenance.readonly.enabled"},
           {"storage: {filesystem: {}, maintenance: {readonly: true}}",
            "storage.maintenance.readonly"},
           {"storage: {filesystem: {}, maintenance: {readonly: {Enabled: true}}}",
            "storage.maintenance.readonly.Enabled"},
           {"storage: {filesystem: {}, maintenance: readonly}", "storage.maintenance"},
       }) {
    FakeFiles files{{"/auth/users", "alice:x\n"}};
    const std::string storage = text.starts_with("storage") ? "" : "storage: {filesystem: {}}\n";
    const auto imported = import_distribution(files, "version: 0.1\n" + storage + std::string(text),
                                              "config.yml", {});
    ASSERT_EQ(imported.problems.size(), 1U) << text;
    EXPECT_EQ(imported.problems.front().key, key) << text;
    EXPECT_EQ(imported.yaml, "") << text;
  }
}

TEST(DistributionConfig, UsersTheRegistryDidNotKnowStayOut) {
  FakeFiles files{{"/auth/users", "alice:$2y$05$x\nbob:$apr1$secret\ncarol:{SHA}secret\n"}};
  const auto imported = import_distribution(
      files,
      "version: 0.1\nstorage: {filesystem: {}}\nauth: {htpasswd: {realm: R, path: /auth/users}}\n",
      "config.yml", {});
  ASSERT_TRUE(imported.problems.empty());
  EXPECT_NE(imported.yaml.find("\n    bcrypt_only: yes"), std::string::npos) << imported.yaml;
  ASSERT_EQ(imported.report.no_entry.size(), 1U);
  const std::string report = render_report(imported);
  EXPECT_NE(report.find("config.yml:3: 2 users of /auth/users (\"bob\", \"carol\") could not"),
            std::string::npos)
      << report;
  EXPECT_EQ(report.find("secret"), std::string::npos) << report;
}

/// Whoever the first file knows is not looked for in the next.
TEST(DistributionConfig, WhomItKeptOutNginxDoesNotLetIn) {
  FakeFiles files{{"/etc/nginx/nginx.conf",
                   "server { listen 443; location /v2/ { auth_basic x; auth_basic_user_file nginx; "
                   "proxy_pass http://r; } }"},
                  {"/etc/nginx/nginx", "alice:$apr1$a\nbob:$2y$05$b\n"},
                  {"/auth/users", "alice:$apr1$a\nbob:$2y$05$b\n"},
                  {"/config.yml",
                   "version: 0.1\nstorage: {filesystem: {}}\nauth: {htpasswd: {realm: R, path: "
                   "/auth/users}}\n"}};
  ImportRequest request;
  request.nginx = "/etc/nginx/nginx.conf";
  request.registry_config = "/config.yml";
  const auto imported = import_configuration(files, request);
  ASSERT_TRUE(imported.problems.empty()) << imported.problems.front().message;
  const std::size_t registrys = imported.yaml.find("htpasswd: /auth/users");
  const std::size_t nginxs = imported.yaml.find("htpasswd: /etc/nginx/nginx");
  ASSERT_NE(nginxs, std::string::npos) << imported.yaml;
  EXPECT_LT(registrys, nginxs) << imported.yaml;
}

TEST(DistributionConfig, WhoseLastLineCountedIsTold) {
  FakeFiles files{{"/auth/users", "alice:$2y$05$old\nbob:$2y$05$b\nalice:$2y$05$new\n"}};
  const auto imported = import_distribution(
      files,
      "version: 0.1\nstorage: {filesystem: {}}\nauth: {htpasswd: {realm: R, path: /auth/users}}\n",
      "config.yml", {});
  ASSERT_EQ(imported.report.lost.size(), 1U);
  const std::string& text = imported.report.lost.begin()->text;
  EXPECT_TRUE(text.starts_with("\"alice\" has several lines in /auth/users")) << text;
}

TEST(DistributionConfig, BringsDurationsToTheNearestThatIsPossible) {
  struct {
    std::string_view text;
    std::string_view line;
    bool told;
  } const cases[] = {
      {"http: {draintimeout: 2h}\nstorage: {filesystem: {}}", "shutdown_timeout: 1h", true},
      {"http: {draintimeout: -2h}\nstorage: {filesystem: {}}", "shutdown_timeout: 0", true},
      {"http: {draintimeout: 0.5h}\nstorage: {filesystem: {}}", "shutdown_timeout: 30m", false},
      {"http: {draintimeout: 60s}\nstorage: {filesystem: {}}", "shutdown_timeout: 60s", false},
      {"storage: {filesystem: {}, maintenance: {uploadpurging: {age: 30s}}}", "  upload_expiry: 1m",
       true},
      {"storage: {filesystem: {}, maintenance: {uploadpurging: {age: 9999999h}}}",
       "  upload_expiry: 36500d", true},
      {"storage: {filesystem: {}, maintenance: {uploadpurging: {age: 168h}}}",
       "  upload_expiry: 168h", false},
  };
  for (const auto& each : cases) {
    FakeFiles files{};
    const auto imported =
        import_distribution(files, "version: 0.1\n" + std::string(each.text), "config.yml", {});
    ASSERT_TRUE(imported.problems.empty()) << each.text;
    EXPECT_NE(imported.yaml.find("\n" + std::string(each.line) + " "), std::string::npos)
        << imported.yaml;
    EXPECT_EQ(imported.report.lost.empty(), !each.told) << each.text;
  }
}

struct Imports {
  std::string_view text;
  std::string_view line;  // that stands in the result
};

TEST(DistributionConfig, BecomesAConfigurationOfOurs) {
  for (const auto& [text, line] : std::initializer_list<Imports>{
           {"http: {addr: 'localhost:5000'}", "  - address: 127.0.0.1:5000"},
           {"http: {addr: 'localhost:5000'}", "    open_to_local_users: yes"},
           {"http: {addr: /run/r.sock, net: unix}", "  - address: unix:/run/r.sock"},
           {"http: {addr: ':5000', host: 'https://r.example.com/'}",
            "public_url: https://r.example.com"},
           {"http: {addr: ':5000', draintimeout: 60s}", "shutdown_timeout: 60s"},
           {"http: {debug: {addr: ':5001', prometheus: {enabled: true}}}", "  listen: \":5001\""},
           {"log: {level: warn}", "  level: warning"},
           {"log: {formatter: logstash}", "  format: json"},
           {"auth: {none: {}}", "sign_in: no"},
           {"auth: {htpasswd: {realm: R, path: /auth/users}}", "  - htpasswd: /auth/users"},
           {"auth: {token: {realm: x}}", "access: []"},
           {"auth: {silly: {realm: x}}", "access: []"},
           {"http: {tls: {certificate: /c, key: /k, clientcas: [/ca]}}", "access: []"},
           {"http: {tls: {certificate: /c, key: /k, clients: [/ca]}}", "access: []"},
           {"middleware: {repository: [{name: ours}]}", "access: []"},
           {"middleware: {repository: [{name: ours, disabled: y}]}", "sign_in: no"},
           {"middleware: {storage: [{name: cloudfront}]}", "sign_in: no"},
           {"x-c: &c {auth: {htpasswd: {realm: R, path: /auth/users}}}\n<<: *c",
            "  - htpasswd: /auth/users"},
       }) {
    FakeFiles files{{"/auth/users", "alice:x\n"}};
    const auto imported = import_distribution(
        files, "version: 0.1\nstorage: {filesystem: {}}\n" + std::string(text), "config.yml", {});
    ASSERT_TRUE(imported.problems.empty()) << text << to_string(imported.problems.front());
    EXPECT_NE(("\n" + imported.yaml).find("\n" + std::string(line)), std::string::npos)
        << imported.yaml;
  }
}

}  // namespace
}  // namespace moorgate::migrate
