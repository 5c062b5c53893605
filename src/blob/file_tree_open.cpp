// Start-up of a file store's root: folders, the lock, what an earlier process left.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <tuple>

#include "base/text.hpp"
#include "blob/file_io.hpp"
#include "blob/file_tree.hpp"
#include "blob/paths.hpp"

namespace moorgate::blob {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPreparing = "prepare the storage folder";
constexpr mode_t kFolderMode = 0777;
constexpr mode_t kOwnMode = 0700;

/// Makes folders durably. A folder that is there already may be the work of a start that was cut
/// off, so its parent is synced all the same, until one start has come to the end of it and left a
/// marker. A folder that is missing in spite of the marker makes the marker worthless.
class Preparation {
 public:
  explicit Preparation(int root) : root_(root) {}

  Result<> make_all() {
    const bool marked = is_there(marker());
    if (marked && all_there()) return {};
    if (marked && ::unlinkat(root_, marker().c_str(), 0) != 0) {
      return failure(system_error(errno, kPreparing, marker()));
    }
    // The root's own entry: best effort, its parent may not be ours to open.
    std::ignore = io::sync_folder_at(root_, "..", kPreparing);
    for (const std::string_view folder : kOwnFolders) {
      if (auto made = make(std::string(folder), kOwnMode); !made) return made;
    }
    for (const auto algorithm : kAlgorithms) {
      if (auto made = make_shards(algorithm); !made) return made;
    }
    const UniqueFd done = io::open_at(root_, marker(), O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
    return done ? Result<>{} : failure(system_error(errno, kPreparing, marker()));
  }

 private:
  static constexpr std::array kOwnFolders = {paths::kOwn, paths::kUploads, paths::kTemporary};
  static constexpr std::array kAlgorithms = {oci::Algorithm::sha256, oci::Algorithm::sha512};
  static constexpr int kShards = 256;

  static std::string marker() { return std::string(paths::kPrepared); }
  static std::string shard(oci::Algorithm algorithm, int number) {
    const char byte = static_cast<char>(number);
    return paths::shard(algorithm, to_hex({&byte, 1}));
  }

  bool is_there(const std::string& path) const {
    return ::faccessat(root_, path.c_str(), F_OK, 0) == 0;
  }
  bool all_there() const {
    for (const std::string_view folder : kOwnFolders) {
      if (!is_there(std::string(folder))) return false;
    }
    for (const auto algorithm : kAlgorithms) {
      for (int i = 0; i < kShards; ++i) {
        if (!is_there(shard(algorithm, i))) return false;
      }
    }
    return true;
  }

  /// The outermost first, because a folder's entry in its parent must be durable as well.
  Result<> make(const std::string& path, mode_t mode) {
    for (std::size_t end = 0; end != std::string::npos;) {
      end = path.find('/', end + 1);
      const std::string folder = path.substr(0, end);
      const auto made = io::make_folder_at(root_, folder, mode, kPreparing);
      if (!made) return failure(made.error());
      const std::size_t slash = folder.rfind('/');
      const std::string parent = slash == std::string::npos ? "." : folder.substr(0, slash);
      if (auto synced = io::sync_folder_at(root_, parent, kPreparing); !synced) return synced;
    }
    return {};
  }

  /// All 256 folders of an algorithm at once: a commit then never has to make one durable.
  Result<> make_shards(oci::Algorithm algorithm) {
    const std::string blobs = paths::blobs(algorithm);
    if (auto made = make(blobs, kFolderMode); !made) return made;
    for (int i = 0; i < kShards; ++i) {
      const auto made = io::make_folder_at(root_, shard(algorithm, i), kFolderMode, kPreparing);
      if (!made) return failure(made.error());
    }
    return io::sync_folder_at(root_, blobs, kPreparing);
  }

  const int root_;
};

std::string holder_of(int lock) {
  std::array<char, 24> text{};
  const auto length = io::read_all(lock, text, 0, kPreparing);
  const std::string_view pid = trim({text.data(), length.value_or(0)});
  return parse_decimal(pid) ? "process " + std::string(pid) : "another process";
}

Result<UniqueFd> take_lock(int root, const fs::path& where) {
  UniqueFd lock = io::open_at(root, std::string(paths::kLock), O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (!lock) return failure(system_error(errno, kPreparing, where.native()));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failure(system_error(errno, kPreparing, where.native()));
    return failure(Code::unavailable, "the storage folder " + where.native() +
                                          " is in use by another moorgate (" +
                                          holder_of(lock.get()) + ")");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  const bool cut = ::ftruncate(lock.get(), 0) == 0;
  if (auto written = io::write_all(lock.get(), pid, 0, kPreparing); !cut || !written) {
    return failure(system_error(errno, kPreparing, where.native()));
  }
  return lock;
}

/// Uploads become blobs by rename, which does not cross file systems.
Result<> check_same_file_system(int root, const fs::path& where) {
  struct stat uploads{};
  struct stat blobs{};
  const std::string blob_path = paths::blobs(oci::Algorithm::sha256);
  if (::fstatat(root, std::string(paths::kUploads).c_str(), &uploads, 0) != 0 ||
      ::fstatat(root, blob_path.c_str(), &blobs, 0) != 0) {
    return failure(system_error(errno, kPreparing, where.native()));
  }
  if (uploads.st_dev == blobs.st_dev) return {};
  return failure(Code::unsupported, where.native() + ": " + std::string(paths::kOwn) + " and " +
                                        blob_path + " must be on one file system");
}

Result<UniqueFd> open_root(const fs::path& where) {
  std::error_code error;
  fs::create_directories(where, error);
  if (error) return failure(system_error(error.value(), kPreparing, where.native()));
  UniqueFd root = io::open_at(AT_FDCWD, where.native(), O_RDONLY | O_DIRECTORY);
  if (!root) return failure(system_error(errno, kPreparing, where.native()));
  return root;
}

}  // namespace

Result<std::shared_ptr<FileTree>> FileTree::open(const fs::path& where) {
  auto root = open_root(where);
  if (!root) return failure(std::move(root).error());
  if (auto made = io::make_folder_at(root->get(), std::string(paths::kOwn), kOwnMode, kPreparing);
      !made) {
    return failure(std::move(made).error());
  }
  auto lock = take_lock(root->get(), where);
  if (!lock) return failure(std::move(lock).error());
  auto created = Preparation(root->get()).make_all();
  if (created) created = check_same_file_system(root->get(), where);
  if (!created) return failure(std::move(created).error());

  std::error_code ignored;
  for (const auto& stale : fs::directory_iterator(where / paths::kTemporary, ignored)) {
    fs::remove_all(stale.path(), ignored);
  }
  return std::shared_ptr<FileTree>(new FileTree(std::move(*root), std::move(*lock)));
}

}  // namespace moorgate::blob
