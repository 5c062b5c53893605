#include <algorithm>
#include <iostream>
#include <vector>

#include "client.hpp"
#include "report.hpp"
#include "transfers.hpp"

namespace load {

void run_hold(const Target& target, const HoldLoad& load) {
  constexpr std::size_t kThreads = 8;
  const TlsClient tls(TlsClient::Reading::records);
  std::vector<std::unique_ptr<Client>> clients(load.connections);

  const auto open_some = [&](std::size_t thread) {
    for (std::size_t i = thread; i < clients.size(); i += kThreads) {
      clients[i] = std::make_unique<Client>(tls, target);
      clients[i]->send(load.request);
      const ResponseHead head = clients[i]->receive_head(load.status);
      clients[i]->drop_body(std::min(load.read, head.length.value_or(0)));
    }
  };
  const Took took = run_together(kThreads, [](std::size_t) {}, open_some);
  Report().add("seconds", took.seconds).add("held", static_cast<double>(clients.size())).print();

  std::string ignored;
  while (std::getline(std::cin, ignored)) {
  }
  const auto kept = std::ranges::count_if(clients, [](const auto& each) { return each->idle(); });
  Report().add("kept", static_cast<double>(kept)).print();
}

}  // namespace load
