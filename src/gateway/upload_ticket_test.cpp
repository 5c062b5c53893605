#include "gateway/upload_ticket.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "access/authorizer.hpp"

namespace moorgate::gateway {
namespace {

constexpr std::string_view kTarget = "/v2/team/app/blobs/uploads/7a0c?_state=eyJ_-%3D";

access::Permit permit(std::string user, std::string_view repository) {
  access::AccessConfig config;
  config.rules = {{.who = {access::Subject::Kind::anyone},
                   .repositories = {"**"},
                   .allow = access::Actions::all()}};
  const access::Authorizer authorizer(std::make_shared<access::Policy>(config));
  const auth::Principal who(std::move(user), "test");
  return *authorizer.authorize(who, *oci::RepositoryName::parse(repository), access::Action::push);
}

TEST(UploadTickets, AreGoodForWhomTheyWereIssued) {
  const UploadTickets tickets("key");
  const auto id = tickets.issue(permit("alice", "team/app"), kTarget);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->find_first_of("/?&=+%"), std::string::npos) << *id;
  EXPECT_EQ(tickets.redeem(permit("alice", "team/app"), *id), kTarget);
  EXPECT_EQ(UploadTickets("key").redeem(permit("alice", "team/app"), *id), kTarget);
}

TEST(UploadTickets, AreGoodForNobodyElse) {
  const UploadTickets tickets("key");
  const auto id = *tickets.issue(permit("alice", "team/app"), kTarget);
  EXPECT_FALSE(tickets.redeem(permit("bob", "team/app"), id));
  EXPECT_FALSE(tickets.redeem(permit("", "team/app"), id));
  EXPECT_FALSE(tickets.redeem(permit("alice", "team/other"), id));
  EXPECT_FALSE(UploadTickets("another key").redeem(permit("alice", "team/app"), id));
}

TEST(UploadTickets, CannotBeMadeUp) {
  const UploadTickets tickets("key");
  const auto who = permit("alice", "team/app");
  const auto id = *tickets.issue(who, kTarget);
  std::string changed = id;
  changed.back() = changed.back() == 'A' ? 'Q' : 'A';
  for (const auto& forged :
       {std::string(), std::string("7a0c"), id.substr(1), id.substr(0, 22), id + "AAAA", id + "=",
        changed, std::string(22, 'A') + id.substr(22), std::string(100'000, 'A')}) {
    EXPECT_FALSE(tickets.redeem(who, forged)) << forged.substr(0, 100);
  }
}

TEST(UploadTickets, HaveALimit) {
  const UploadTickets tickets("key");
  const auto who = permit("alice", "team/app");
  const std::string longest(UploadTickets::kTargetLimit, 'a');
  const auto id = tickets.issue(who, longest);
  ASSERT_TRUE(id);
  EXPECT_EQ(tickets.redeem(who, *id), longest);
  EXPECT_FALSE(tickets.issue(who, longest + "a"));
}

}  // namespace
}  // namespace moorgate::gateway
