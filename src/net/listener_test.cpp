#include "net/listener.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <string>

#include "base/seccomp_test_kit.hpp"

namespace moorgate::net {
namespace {

/// As a kernel does that was started with ipv6.disable=1; for the rest of this process.
void take_ipv6_away() {
  std::array<sock_filter, 6> filter{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  if (!test::filter_system_calls(filter)) {
    std::cerr << "no seccomp here";
    std::exit(1);
  }
}

/// Where it listens; why not, if it does not.
std::string listen_on(std::string_view address) {
  Listener::Options options;
  options.address = *Address::parse(address);
  const auto listener = Listener::open(options);
  return listener ? (*listener)->address().text() : listener.error().message;
}

TEST(Listener, WithoutIpv6EveryAddressIsOneOfIpv4) {
  const auto listen = [](std::string_view address) {
    take_ipv6_away();
    std::cerr << listen_on(address);
    std::exit(0);
  };
  EXPECT_EXIT(listen(":0"), testing::ExitedWithCode(0), "^0\\.0\\.0\\.0:[1-9]");
  EXPECT_EXIT(listen("[::1]:0"), testing::ExitedWithCode(0), "^cannot listen on \\[::1\\]:0");
  EXPECT_EXIT(listen("127.0.0.1:0"), testing::ExitedWithCode(0), "^127\\.0\\.0\\.1:[1-9]");
}

}  // namespace
}  // namespace moorgate::net
