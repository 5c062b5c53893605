#include <vector>

#include "client.hpp"
#include "report.hpp"
#include "transfers.hpp"

namespace load {

void run_pulls(const Target& target, const PullLoad& load) {
  const TlsClient tls(TlsClient::Reading::records);
  std::vector<std::unique_ptr<Client>> clients(load.clients);
  std::vector<std::uint32_t> latencies(load.clients);

  const auto connect = [&](std::size_t i) { clients[i] = std::make_unique<Client>(tls, target); };
  const auto pull = [&](std::size_t i) {
    const auto start = Clock::now();
    Client& client = *clients[i];
    client.send(load.request);
    if (client.receive_head(200).length != load.length) {
      throw WrongAnswer("the body's announced length is wrong");
    }
    if (!load.sha256.empty()) {
      Sha256 hasher;
      client.drop_body(load.length, &hasher);
      if (hasher.finish() != load.sha256) throw WrongAnswer("the body has another digest");
    } else if (load.counting) {
      client.count_body(load.length);
    } else {
      client.drop_body(load.length);
    }
    latencies[i] = static_cast<std::uint32_t>(seconds_since(start) * 1e6);
  };
  const Took took = run_together(load.clients, connect, pull);

  const auto bytes = static_cast<double>(load.length) * static_cast<double>(load.clients);
  Report report;
  report.add("seconds", took.seconds)
      .add("client_cpu", took.cpu)
      .add("bytes", bytes)
      .add("rate", bytes / took.seconds);
  report.add_latencies(std::move(latencies)).print();
}

}  // namespace load
