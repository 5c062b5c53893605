#include "auth/verified_credential_cache.hpp"

#include <utility>

namespace moorgate::auth {

VerifiedCredentialCache::Answer VerifiedCredentialCache::find(const CredentialKey& key,
                                                              std::uint64_t generation,
                                                              Clock::time_point now) {
  if (!enter(generation)) return {};
  if (Entry* entry = find_in(accepted_, key, now)) return {State::accepted, entry->principal};
  if (find_in(refused_, key, now) != nullptr) return {State::refused};
  return {};
}

void VerifiedCredentialCache::accept(const CredentialKey& key,
                                     std::shared_ptr<const Principal> principal,
                                     std::uint64_t generation, Clock::time_point now) {
  if (!enter(generation)) return;
  remember_in(accepted_, {key, std::move(principal), now + options_.accepted_for});
}

void VerifiedCredentialCache::refuse(const CredentialKey& key, std::uint64_t generation,
                                     Clock::time_point now) {
  if (!enter(generation)) return;
  remember_in(refused_, {key, nullptr, now + options_.refused_for});
}

void VerifiedCredentialCache::clear() {
  for (Lru* lru : {&accepted_, &refused_}) {
    lru->index.clear();
    lru->order.clear();
  }
  generation_ = 0;
}

bool VerifiedCredentialCache::enter(std::uint64_t generation) {
  if (generation < generation_) return false;
  if (generation > generation_) clear();
  generation_ = generation;
  return true;
}

VerifiedCredentialCache::Entry* VerifiedCredentialCache::find_in(Lru& lru, const CredentialKey& key,
                                                                 Clock::time_point now) {
  const auto found = lru.index.find(key);
  if (found == lru.index.end()) return nullptr;
  const auto entry = found->second;
  if (entry->expires <= now) {
    lru.order.erase(entry);
    lru.index.erase(found);
    return nullptr;
  }
  lru.order.splice(lru.order.begin(), lru.order, entry);
  return &*entry;
}

void VerifiedCredentialCache::remember_in(Lru& lru, Entry entry) {
  if (options_.entries == 0) return;
  if (const auto known = lru.index.find(entry.key); known != lru.index.end()) {
    lru.order.erase(known->second);
    lru.index.erase(known);
  }
  if (lru.order.size() >= options_.entries) {
    lru.index.erase(lru.order.back().key);
    lru.order.pop_back();
  }
  lru.order.push_front(std::move(entry));
  lru.index.emplace(lru.order.front().key, lru.order.begin());
}

}  // namespace moorgate::auth
