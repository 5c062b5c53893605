#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "net/blocking.hpp"

namespace moorgate::distribution {

/// Link files that are written and removed together, so that many cost little more than one: first
/// all contents are written beside the tree and synced, several at a time; then they are renamed
/// into place in the order given; then every folder whose entries changed is synced once. A reader
/// sees each link whole or not at all, and no folder that a link needs before the link; all of it
/// is durable when run() answers success. After an error any part may have happened, and the same
/// again is harmless, but syncs only what it changes itself. One use, one thread.
class LinkGroup {
 public:
  /// `root` is the open storage root.
  LinkGroup(int root, net::Blocking& disk) noexcept : root_(root), disk_(disk) {}

  /// Writes `text` to the file `link` of `folder`, which is made if need be.
  void write(std::string folder, std::string text);
  /// Takes the file `link` and its folder away, if there.
  void remove_link(std::string folder);
  /// Takes a folder with all below it away in one step, if there.
  void remove_folder(std::string folder);
  Result<> run();

 private:
  struct Write {
    std::string folder;
    std::string text;
    std::string temporary;
  };

  /// Runs `work` for 0 … count - 1 on the pool, several at a time; the first error.
  Result<> side_by_side(std::size_t count, const std::function<Result<>(std::size_t)>& work);
  Result<> change_entries();
  Result<> write_temporary(const Write& write) const;
  Result<> put_in_place(const Write& write);
  Result<> put_with_folders(const Write& write);
  Result<> make_folder(const std::string& folder) const;
  Result<> move(const std::string& from, const std::string& to) const;
  void remove_all(const std::string& path) const;
  Result<> take_away_link(const std::string& folder);
  Result<> take_away_folder(const std::string& folder);

  const int root_;
  net::Blocking& disk_;
  std::vector<Write> writes_;
  std::vector<std::string> links_to_remove_;
  std::vector<std::string> folders_to_remove_;
  /// Folders whose entries have changed.
  std::set<std::string> changed_;
};

}  // namespace moorgate::distribution
