#include "distribution/link_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "distribution/tree_paths.hpp"
#include "distribution/tree_reader.hpp"

namespace moorgate::distribution {
namespace {

using meta::LinkChange;
using Kind = LinkChange::Kind;

constexpr std::array kOrder = {Kind::blob, Kind::manifest, Kind::tag};

/// Where the link of a change lies: what makes two changes concern the same one.
std::string folder_of(const LinkChange& change) {
  switch (change.kind) {
    case Kind::blob:
      return paths::layer(change.repository, change.digest);
    case Kind::manifest:
      return paths::revision(change.repository, change.digest);
    case Kind::tag:
      return paths::tag(change.repository, change.tag);
  }
  return {};
}

std::unordered_map<std::string, const LinkChange*> last_of_each(
    std::span<const LinkChange> changes) {
  std::unordered_map<std::string, const LinkChange*> last;
  for (const auto& change : changes) last[folder_of(change)] = &change;
  return last;
}

void add(LinkGroup& group, const std::string& folder, const LinkChange& change) {
  const std::string& text = change.digest.text();
  if (change.kind == Kind::tag) {
    if (!change.present) return group.remove_folder(folder);
    // First what it points at, with which its folder arises: whoever lists the folders takes each
    // for a tag, and of its history misses nothing.
    group.write(paths::tag_current(change.repository, change.tag), text);
    group.write(paths::tag_index(change.repository, change.tag, change.digest), text);
  } else if (change.present) {
    group.write(folder, text);
  } else {
    group.remove_link(folder);
  }
}

}  // namespace

Result<> LinkWriter::bring(const LastOfEach& changes) {
  LinkGroup group(root_.get(), disk_);
  for (const Kind kind : kOrder) {
    for (const auto& [folder, change] : changes) {
      if (change->kind == kind) add(group, folder, *change);
    }
  }
  auto done = group.run();
  if (done && unsettled_ && ::syncfs(root_.get()) != 0) {
    done = failure(system_error(errno, "sync the registry's tree"));
  }
  unsettled_ = !done;
  return done;
}

Result<> LinkWriter::apply(std::span<const LinkChange> changes) {
  return bring(last_of_each(changes));
}

Result<> LinkWriter::replay(std::span<const LinkChange> changes) {
  auto last = last_of_each(changes);
  unsettled_ = !changes.empty();
  std::unordered_map<std::string, std::unordered_set<oci::Digest>> ours;
  for (const auto& change : changes) {
    if (change.kind == Kind::tag) ours[folder_of(change)].insert(change.digest);
  }
  std::erase_if(last, [&](const auto& entry) {
    const auto& [folder, change] = entry;
    if (change->kind != Kind::tag) return false;
    const LinkFile link = read_link(root_.get(), paths::join(folder, paths::kCurrentLink));
    const bool younger = link.changed_ns / 1'000'000 > change->changed_at;
    return link.digest && younger && !ours[folder].contains(*link.digest);
  });
  return bring(last);
}

}  // namespace moorgate::distribution
