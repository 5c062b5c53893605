#pragma once

#include <span>
#include <string>
#include <unordered_map>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "distribution/link_group.hpp"
#include "meta/link_keeper.hpp"
#include "net/blocking.hpp"

namespace moorgate::distribution {

/// Keeps the link files of the tree at `root` as the metadata say, so that Docker's registry can
/// serve it: what the last of several changes of one link says holds. Order of becoming visible:
/// blobs, manifests, the tags that point at them. Whenever this process ends, every tag that the
/// tree lists points at something.
class LinkWriter final : public meta::LinkKeeper {
 public:
  /// `disk` must outlive this; its threads wait for the disk.
  LinkWriter(UniqueFd root, net::Blocking& disk) noexcept : root_(std::move(root)), disk_(disk) {}

  Result<> apply(std::span<const meta::LinkChange> changes) override;
  /// What an earlier process committed but may not have brought to the tree. Where another registry
  /// has changed a tag since, the tree's word stands.
  Result<> replay(std::span<const meta::LinkChange> changes);

 private:
  using LastOfEach = std::unordered_map<std::string, const meta::LinkChange*>;
  Result<> bring(const LastOfEach& changes);

  const UniqueFd root_;
  net::Blocking& disk_;
  /// Something was begun and not ended. What it did is not seen to be missing any more, so that
  /// only all of the disk together is known to be durable.
  bool unsettled_ = false;
};

}  // namespace moorgate::distribution
