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
