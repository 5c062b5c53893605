#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace moorgate::registry {

/// A bounded cache, least recently used first out, of what a repository has under a name (a tag, a
/// digest). Each entry is stamped with the repository's version from before it was read and is good
/// while that version stands. One worker's alone; a hit allocates nothing.
template <class Value>
class RepositoryCache {
 public:
  /// In the unit that put() is given costs in.
  explicit RepositoryCache(std::size_t capacity) : capacity_(capacity) {}

  /// Null unless there is an entry of exactly this version. Valid until the next put() or erase().
  const Value* find(std::string_view repository, std::string_view name, std::uint64_t version) {
    const auto found = index_.find(Key{repository, name});
    if (found == index_.end() || found->second->version != version) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->value;
  }

  /// Whatever its version: for a value that its name alone proves right.
  const Value* find_outdated(std::string_view repository, std::string_view name) const {
    const auto found = index_.find(Key{repository, name});
    return found == index_.end() ? nullptr : &found->second->value;
  }

  void put(std::string_view repository, std::string_view name, std::uint64_t version, Value value,
           std::size_t cost) {
    erase(repository, name);
    if (cost > capacity_) return;
    while (used_ + cost > capacity_) drop(std::prev(entries_.end()));
    entries_.push_front(
        Entry{std::string(repository), std::string(name), version, cost, std::move(value)});
    index_.emplace(key_of(entries_.front()), entries_.begin());
    used_ += cost;
  }

  void erase(std::string_view repository, std::string_view name) {
    const auto found = index_.find(Key{repository, name});
    if (found != index_.end()) drop(found->second);
  }

  std::size_t used() const noexcept { return used_; }

 private:
  struct Entry {
    std::string repository;
    std::string name;
    std::uint64_t version;
    std::size_t cost;
    Value value;
  };
  using Position = typename std::list<Entry>::iterator;
  /// Of an indexed entry, the views point into the entry itself.
  struct Key {
    std::string_view repository;
    std::string_view name;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      const std::hash<std::string_view> hash;
      return hash(key.repository) * 31 + hash(key.name);
    }
  };

  static Key key_of(const Entry& entry) { return {entry.repository, entry.name}; }
  void drop(Position entry) {
    used_ -= entry->cost;
    index_.erase(key_of(*entry));
    entries_.erase(entry);
  }

  const std::size_t capacity_;
  std::size_t used_ = 0;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<Key, Position, Hash> index_;
};

}  // namespace moorgate::registry
