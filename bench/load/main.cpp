// The load that wrk cannot put on a server: HEAD, new connections, transfers, idle connections.
// One run, one line of JSON; a wrong answer ends it with status 1. See bench/README.md.
#include <csignal>
#include <cstdio>

#include <CLI/CLI.hpp>

#include "requests.hpp"
#include "target.hpp"
#include "transfers.hpp"

namespace {

struct Request {
  std::string method = "GET";
  std::string path = "/v2/";
  std::vector<std::string> headers;

  std::string header_lines(const load::Target& target) const {
    std::string lines = "Host: " + target.host + ":" + std::to_string(target.port) + "\r\n";
    for (const auto& header : headers) lines += header + "\r\n";
    return lines;
  }
  std::string text(const load::Target& target) const {
    return method + " " + path + " HTTP/1.1\r\n" + header_lines(target) + "\r\n";
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  load::raise_file_limit();

  CLI::App app("Load for a container registry, and whether its answers are right");
  app.require_subcommand(1);
  app.fallthrough();
  load::Target target;
  bool plain = false;
  Request request;
  app.add_option("--host", target.host, "IPv4 address")->capture_default_str();
  app.add_option("--port", target.port)->required();
  app.add_flag("--plain", plain, "No TLS");
  app.add_option("--header", request.headers, "A header line for each request; may be repeated");

  load::RequestLoad requests;
  auto* const small = app.add_subcommand("requests", "One request again and again");
  small->add_option("--method", request.method);
  small->add_option("--path", request.path)->required();
  small->add_option("--status", requests.status);
  small->add_option("--length", requests.length, "Content-Length of the answer")->required();
  small->add_option("--connections", requests.connections);
  small->add_option("--seconds", requests.seconds);
  small->add_flag("--fresh", requests.fresh, "A new connection for each request");
  small->add_flag("--resume", requests.resume, "New connections resume a TLS session");

  load::PullLoad pulls;
  auto* const pull = app.add_subcommand("pull", "Fetch a body with several clients");
  pull->add_option("--path", request.path)->required();
  pull->add_option("--length", pulls.length)->required();
  pull->add_option("--clients", pulls.clients);
  pull->add_option("--sha256", pulls.sha256, "Check the body's digest");
  pull->add_flag("--counting", pulls.counting, "Count TLS records instead of decrypting them");

  load::PushLoad pushes;
  auto* const push = app.add_subcommand("push", "Push new blobs with several clients");
  push->add_option("--repository", pushes.repository)->required();
  push->add_option("--size", pushes.size)->required()->check(CLI::Range(64, 1 << 30));
  push->add_option("--count", pushes.count);
  push->add_option("--clients", pushes.clients);
  push->add_flag("--ask-first", pushes.ask_first, "HEAD before each blob");

  load::HoldLoad holds;
  auto* const hold = app.add_subcommand("hold", "Keep connections open until standard input ends");
  hold->add_option("--path", request.path);
  hold->add_option("--status", holds.status);
  hold->add_option("--connections", holds.connections);
  hold->add_option("--read", holds.read, "Of each body, how many bytes are read");

  load::EachLoad each;
  auto* const ask =
      app.add_subcommand("each", "One request for each header line of standard input");
  ask->add_option("--path", request.path);
  ask->add_option("--status", each.status);
  ask->add_option("--connections", each.connections);
  CLI11_PARSE(app, argc, argv);

  try {
    target.tls = !plain;
    if (small->parsed()) {
      requests.bodiless = request.method == "HEAD";
      if (requests.fresh) request.headers.emplace_back("Connection: close");
      requests.request = request.text(target);
      load::run_requests(target, requests);
    } else if (pull->parsed()) {
      pulls.request = request.text(target);
      load::run_pulls(target, pulls);
    } else if (push->parsed()) {
      pushes.headers = request.header_lines(target);
      load::run_pushes(target, pushes);
    } else if (ask->parsed()) {
      each.method_and_path = request.method + " " + request.path;
      each.headers = request.header_lines(target);
      load::run_each(target, each);
    } else {
      holds.request = request.text(target);
      load::run_hold(target, holds);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
