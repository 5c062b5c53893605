#include "config/environment.hpp"

#include <gtest/gtest.h>

namespace moorgate::config {
namespace {

TEST(Environment, DropsTheServiceLinksOfKubernetes) {
  Environment environment = {
      {"MOORGATE_SERVICE_HOST", "10.0.0.1"},
      {"MOORGATE_SERVICE_PORT", "443"},
      {"MOORGATE_SERVICE_PORT_HTTPS", "443"},
      {"MOORGATE_PORT", "tcp://10.0.0.1:443"},
      {"MOORGATE_PORT_443_TCP", "tcp://10.0.0.1:443"},
      {"MOORGATE_PORT_443_TCP_ADDR", "10.0.0.1"},
      {"MOORGATE_PUBLIC_URL", "https://r.example.com"},
      {"MOORGATE_PORTAL", "x"},
  };
  drop_kubernetes_service_links(environment);
  const Environment left = {{"MOORGATE_PORTAL", "x"},
                            {"MOORGATE_PUBLIC_URL", "https://r.example.com"}};
  EXPECT_EQ(environment, left);
}

TEST(Environment, KeepsAUsersOwnPort) {
  Environment environment = {{"MOORGATE_PORT", "5000"}};
  drop_kubernetes_service_links(environment);
  EXPECT_EQ(environment.size(), 1U);
}

TEST(Environment, ComesFromTheProcess) {
  ::setenv("MOORGATE_ENVIRONMENT_TEST", "a=b", 1);
  EXPECT_EQ(process_environment().at("MOORGATE_ENVIRONMENT_TEST"), "a=b");
  ::unsetenv("MOORGATE_ENVIRONMENT_TEST");
}

}  // namespace
}  // namespace moorgate::config
