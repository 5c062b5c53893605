#include "gateway/gateway_config.hpp"

#include <gmock/gmock.h>

namespace moorgate::gateway {
namespace {

GatewayConfig parse(std::string_view text, std::vector<config::Problem>& problems) {
  const auto document = config::Document::parse(text, "test.yml");
  auto parsed = parse_gateway(document.root());
  problems = document.problems();
  return parsed;
}

TEST(GatewayConfig, ReadsNamesAndKey) {
  std::vector<config::Problem> problems;
  const auto config =
      parse("also_called: [hub.example.com, 'hub:5000']\nupload_key: 0123456789abcdef", problems);
  EXPECT_THAT(config.names, testing::ElementsAre("hub.example.com", "hub:5000"));
  EXPECT_EQ(config.upload_key.reveal(), "0123456789abcdef");
  EXPECT_THAT(problems, testing::IsEmpty());
}

TEST(GatewayConfig, ComplainsOfWhatIsNoHostAndNoKey) {
  for (const auto* text :
       {"also_called: ['https://hub']", "also_called: hub/x", "also_called: hub/",
        "also_called: 'a b'", "also_called: 'me@hub'", "upload_key: short"}) {
    std::vector<config::Problem> problems;
    parse(text, problems);
    EXPECT_EQ(problems.size(), 1U) << text;
    for (const auto& problem : problems) {
      EXPECT_EQ(to_string(problem).find("short"), std::string::npos) << "a secret in a message";
    }
  }
}

}  // namespace
}  // namespace moorgate::gateway
