#include "app/listen_config.hpp"

#include <grp.h>
#include <pwd.h>

#include <charconv>
#include <string>
#include <utility>

#include "base/text.hpp"

namespace moorgate::app {
namespace {

constexpr const char* kDefaultAddress = "0.0.0.0:5043";

void parse_socket_owner(const config::Reader& in, net::Listener::Options& socket) {
  std::string mode = "0660";
  std::string owner;
  std::string group;
  if (in.read("mode", mode, "Unix socket: mode of the file, in octal")) {
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(mode.data(), mode.data() + mode.size(), bits, 8);
    if (error != std::errc{} || end != mode.data() + mode.size() || bits > 0777) {
      in.problem("mode", moorgate::quoted(mode) +
                             " is not a file mode; write it in octal, such as \"0660\"");
    }
    socket.mode = bits;
  }
  if (in.read("owner", owner, "Unix socket: user who owns the file")) {
    if (const passwd* entry = ::getpwnam(owner.c_str())) {
      socket.owner = entry->pw_uid;
    } else {
      in.problem("owner", "this machine has no user " + moorgate::quoted(owner));
    }
  }
  if (in.read("group", group, "Unix socket: group that may connect")) {
    if (const struct group* entry = ::getgrnam(group.c_str())) {
      socket.group = entry->gr_gid;
    } else {
      in.problem("group", "this machine has no group " + moorgate::quoted(group));
    }
  }
}

ListenConfig parse_listen_item(const config::Reader& in) {
  ListenConfig listen;
  parse_socket(in, listen.socket);
  in.read("tls", listen.tls,
          "Whether this listener speaks TLS; off only behind a proxy or on a Unix socket");
  in.read("proxy_protocol", listen.proxy_protocol,
          "Connections begin with a PROXY header (v1 or v2), before TLS; others are closed. Only "
          "trusted_proxies may connect, or whoever may use the Unix socket");
  bool open_to_local_users = false;
  in.read("open_to_local_users", open_to_local_users,
          "Allows a listener without TLS on a loopback address, where every user of this machine "
          "can connect");
  if (!in.has("address")) in.require("address");
  if (!listen.tls && listen.socket.address.is_loopback() && !open_to_local_users) {
    in.problem("tls",
               "off on a loopback address lets every user of this machine past the proxy; listen "
               "on a Unix socket instead (address: \"unix:/run/moorgate.sock\", which has an owner "
               "and a mode), or say open_to_local_users: true");
  }
  return listen;
}

}  // namespace

void parse_socket(const config::Reader& in, net::Listener::Options& socket) {
  std::string address = kDefaultAddress;
  in.read("address", address, "IP address and port, or unix:/path; port 0 lets the kernel choose");
  parse_socket_owner(in, socket);
  if (auto parsed = net::Address::parse(address)) {
    socket.address = *parsed;
  } else {
    in.problem("address", std::move(parsed).error().message);
  }
}

std::vector<ListenConfig> parse_listen(const config::Reader& root) {
  std::vector<ListenConfig> all;
  for (const auto& item :
       root.items("listen", "Where clients connect; without it one TLS listener on 0.0.0.0:5043",
                  "address")) {
    all.push_back(parse_listen_item(item));
  }
  return all;
}

ListenConfig default_listener() {
  ListenConfig listen;
  listen.socket.address = *net::Address::parse(kDefaultAddress);
  return listen;
}

}  // namespace moorgate::app
