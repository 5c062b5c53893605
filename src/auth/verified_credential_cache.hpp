#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>

#include "auth/credential_key.hpp"
#include "auth/principal.hpp"

namespace moorgate::auth {

/// Remembers which credentials were accepted and which refused, for one worker (no lock). Accepted
/// and refused ones have separate room, so that a flood of wrong passwords evicts no right one.
class VerifiedCredentialCache {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    std::size_t entries = 4096;  // of each kind
    std::chrono::seconds accepted_for{300};
    std::chrono::seconds refused_for{30};
  };
  enum class State { unknown, accepted, refused };
  struct Answer {
    State state = State::unknown;
    std::shared_ptr<const Principal> principal = nullptr;  // of an accepted one
  };

  explicit VerifiedCredentialCache(Options options) : options_(options) {}

  /// A generation newer than that of earlier calls makes it forget everything first.
  Answer find(const CredentialKey& key, std::uint64_t generation, Clock::time_point now);

  /// `generation` as it was before the verification began: an answer that a reload has overtaken is
  /// not kept.
  void accept(const CredentialKey& key, std::shared_ptr<const Principal> principal,
              std::uint64_t generation, Clock::time_point now);
  void refuse(const CredentialKey& key, std::uint64_t generation, Clock::time_point now);

  /// As new: any generation may follow.
  void clear();
  std::size_t size() const noexcept { return accepted_.index.size() + refused_.index.size(); }

 private:
  struct Entry {
    CredentialKey key;
    std::shared_ptr<const Principal> principal;
    Clock::time_point expires;
  };
  struct Lru {
    std::list<Entry> order;  // most recently used first
    std::unordered_map<CredentialKey, std::list<Entry>::iterator, CredentialKeyHash> index;
  };

  Entry* find_in(Lru& lru, const CredentialKey& key, Clock::time_point now);
  void remember_in(Lru& lru, Entry entry);
  bool enter(std::uint64_t generation);

  const Options options_;
  std::uint64_t generation_ = 0;
  Lru accepted_;
  Lru refused_;
};

}  // namespace moorgate::auth
