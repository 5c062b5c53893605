#include <iostream>
#include <vector>

#include "client.hpp"
#include "report.hpp"
#include "transfers.hpp"

namespace load {

void run_each(const Target& target, const EachLoad& load) {
  const TlsClient tls(TlsClient::Reading::records);
  std::vector<std::string> lines;
  for (std::string line; std::getline(std::cin, line);) lines.push_back(line);
  std::vector<std::unique_ptr<Client>> clients(load.connections);
  std::vector<std::uint32_t> latencies(lines.size());

  const auto connect = [&](std::size_t i) { clients[i] = std::make_unique<Client>(tls, target); };
  const auto ask = [&](std::size_t client) {
    for (std::size_t i = client; i < lines.size(); i += load.connections) {
      const auto start = Clock::now();
      clients[client]->send(load.method_and_path + " HTTP/1.1\r\n" + load.headers + lines[i] +
                            "\r\n\r\n");
      const ResponseHead head = clients[client]->receive_head(load.status);
      clients[client]->drop_body(head.length.value_or(0));
      latencies[i] = static_cast<std::uint32_t>(seconds_since(start) * 1e6);
    }
  };
  const Took took = run_together(load.connections, connect, ask);
  Report report;
  report.add("seconds", took.seconds)
      .add("client_cpu", took.cpu)
      .add("requests", static_cast<double>(lines.size()));
  report.add_latencies(std::move(latencies)).print();
}

}  // namespace load
