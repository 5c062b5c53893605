// Our head parser beside Boost.Beast's on a typical manifest request, and beside them the other
// steps that every request takes before its endpoint.
#include <benchmark/benchmark.h>

#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "access/policy.hpp"
#include "api/route.hpp"
#include "auth/credential_key.hpp"
#include "http/request_head.hpp"

namespace {

namespace beast = boost::beast::http;

constexpr std::string_view kHead =
    "GET /v2/team/services/app/manifests/1.27.3 HTTP/1.1\r\n"
    "Host: registry.example.com\r\n"
    "User-Agent: docker/27.3.1 go/go1.22.7 kernel/6.1.0-26-amd64 os/linux arch/amd64 "
    "UpstreamClient(Docker-Client/27.3.1 \\(linux\\))\r\n"
    "Accept: application/vnd.docker.distribution.manifest.v2+json\r\n"
    "Accept: application/vnd.docker.distribution.manifest.list.v2+json\r\n"
    "Accept: application/vnd.oci.image.index.v1+json\r\n"
    "Accept: application/vnd.oci.image.manifest.v1+json\r\n"
    "Authorization: Basic dGVzdHVzZXI6dGVzdHBhc3N3b3Jk\r\n"
    "Accept-Encoding: gzip\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";
constexpr std::string_view kAuthorization = "Basic dGVzdHVzZXI6dGVzdHBhc3N3b3Jk";
constexpr std::string_view kPath = "/v2/team/services/app/manifests/1.27.3";

void head_ours(benchmark::State& state) {
  moorgate::http::RequestHead head;  // reused from request to request, as on a connection
  for (auto _ : state) {
    std::size_t searched = 0;
    const std::size_t end = moorgate::http::find_head_end(kHead, searched);
    if (moorgate::http::parse_head(kHead.substr(0, end), head)) state.SkipWithError("refused");
    benchmark::DoNotOptimize(head.find("Authorization"));
  }
}
BENCHMARK(head_ours);

void head_beast(benchmark::State& state) {
  for (auto _ : state) {
    beast::request_parser<beast::empty_body> parser;  // is made for one message
    boost::beast::error_code error;
    parser.put(boost::asio::buffer(kHead.data(), kHead.size()), error);
    if (error || !parser.is_header_done()) state.SkipWithError("refused");
    benchmark::DoNotOptimize(parser.get()[beast::field::authorization]);
  }
}
BENCHMARK(head_beast);

void route(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(moorgate::api::match_route(kPath));
}
BENCHMARK(route);

void credential(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(moorgate::auth::credential_key(kAuthorization));
}
BENCHMARK(credential);

/// The rules of the README.
void access_rules(benchmark::State& state) {
  using namespace moorgate::access;
  AccessConfig config;
  config.rules_given = true;
  config.groups = {{.name = "pushers", .members = {"testuser", "ci-*"}}};
  config.rules = {
      {.who = {Subject::Kind::signed_in, ""}, .repositories = {"**"}, .allow = {Action::pull}},
      {.who = {Subject::Kind::group, "pushers"},
       .repositories = {"team/*/app", "**"},
       .allow = {Action::pull, Action::push}}};
  const Policy policy(std::move(config));
  const auto repository = *moorgate::oci::RepositoryName::parse("team/services/app");
  const auto user = moorgate::auth::Principal("testuser", "htpasswd");
  for (auto _ : state) {
    benchmark::DoNotOptimize(policy.decide(user, repository, Action::push).allowed);
  }
}
BENCHMARK(access_rules);

}  // namespace

BENCHMARK_MAIN();
