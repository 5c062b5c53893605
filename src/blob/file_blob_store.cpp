#include "blob/file_blob_store.hpp"

#include <utility>

#include "blob/file_blob_reader.hpp"
#include "blob/file_io.hpp"
#include "blob/file_tree.hpp"
#include "blob/file_upload.hpp"
#include "blob/paths.hpp"

namespace moorgate::blob {
namespace {

Result<> check_limit(std::uint64_t size, std::size_t limit) {
  if (size <= limit) return {};
  return failure(Code::size_invalid, "the content has " + std::to_string(size) +
                                         " bytes; at most " + std::to_string(limit) +
                                         " are read at once");
}

Result<std::string> read_whole(const FileTree::OpenBlob& blob) {
  std::string bytes;
  Result<std::size_t> got = 0;
  const auto fill = [&blob, &got](char* data, std::size_t size) {
    got = io::read_all(blob.file.get(), {data, size}, 0, "read a blob");
    return got.value_or(0);
  };
  bytes.resize_and_overwrite(blob.size, fill);
  if (!got) return failure(std::move(got).error());
  return bytes;
}

/// nullopt: memory does not hold all of it.
std::optional<std::string> read_whole_cached(const FileTree::OpenBlob& blob) {
  std::string bytes;
  const auto fill = [&blob](char* data, std::size_t size) {
    return io::read_cached(blob.file.get(), {data, size}, 0);
  };
  bytes.resize_and_overwrite(blob.size, fill);
  if (bytes.size() != blob.size) return std::nullopt;
  return bytes;
}

}  // namespace

FileBlobConfig parse_file_blob(const config::Reader& in) {
  FileBlobConfig config;
  in.read("root", config.root,
          "Folder that holds the registry's data; an existing /var/lib/registry of the Docker "
          "registry is adopted in place");
  return config;
}

Result<std::unique_ptr<FileBlobStore>> FileBlobStore::open(const std::filesystem::path& root,
                                                           net::Blocking& blocking) {
  auto tree = FileTree::open(root);
  if (!tree) return failure(std::move(tree).error());
  return std::unique_ptr<FileBlobStore>(new FileBlobStore(blocking, std::move(*tree)));
}

Task<Result<std::uint64_t>> FileBlobStore::stat(oci::Digest digest) {
  if (const auto cached = tree_->open_cached_blob(digest)) {
    if (!*cached) co_return failure(cached->error());
    co_return (*cached)->size;
  }
  auto look = [tree = tree_, digest = std::move(digest)] { return tree->stat(digest); };
  co_return co_await blocking_.run(std::move(look));
}

Task<Result<std::unique_ptr<BlobReader>>> FileBlobStore::open(oci::Digest digest) {
  auto blob = tree_->open_cached_blob(digest);
  if (!blob) {
    auto open_cold = [tree = tree_, digest = std::move(digest)] { return tree->open_blob(digest); };
    blob = co_await blocking_.run(std::move(open_cold));
  }
  if (!*blob) co_return failure(std::move(*blob).error());
  co_return std::make_unique<FileBlobReader>(blocking_, std::move((*blob)->file), (*blob)->size);
}

Task<Result<std::string>> FileBlobStore::read(oci::Digest digest, std::size_t limit) {
  if (const auto cached = tree_->open_cached_blob(digest)) {
    if (!*cached) co_return failure(cached->error());
    if (auto fits = check_limit((*cached)->size, limit); !fits) {
      co_return failure(std::move(fits).error());
    }
    if (auto bytes = read_whole_cached(**cached)) co_return std::move(*bytes);
  }
  auto read_cold = [tree = tree_, digest = std::move(digest), limit]() -> Result<std::string> {
    const auto blob = tree->open_blob(digest);
    if (!blob) return failure(blob.error());
    if (auto fits = check_limit(blob->size, limit); !fits) return failure(std::move(fits).error());
    return read_whole(*blob);
  };
  co_return co_await blocking_.run(std::move(read_cold));
}

Task<Result<>> FileBlobStore::put(oci::Digest digest, std::string bytes) {
  auto store = [tree = tree_, digest = std::move(digest), bytes = std::move(bytes)] {
    return tree->put(digest, bytes);
  };
  co_return co_await blocking_.run(std::move(store));
}

Task<Result<>> FileBlobStore::put_verified(oci::Digest expected, std::string bytes) {
  auto store = [tree = tree_, expected = std::move(expected),
                bytes = std::move(bytes)]() -> Result<> {
    const oci::Digest actual = digest_of(expected.algorithm(), bytes);
    if (actual != expected) return digest_mismatch(expected, actual);
    return tree->put(expected, bytes);
  };
  co_return co_await blocking_.run(std::move(store));
}

Task<Result<>> FileBlobStore::remove(oci::Digest digest) {
  auto erase = [tree = tree_, digest = std::move(digest)] { return tree->remove(digest); };
  co_return co_await blocking_.run(std::move(erase));
}

Task<Result<std::unique_ptr<UploadSession>>> FileBlobStore::create_upload(
    std::string id, std::optional<oci::Algorithm> algorithm) {
  auto create = [tree = tree_, id = std::move(id), algorithm] {
    return UploadFile::create(tree, id, algorithm);
  };
  auto file = co_await blocking_.run(std::move(create));
  if (!file) co_return failure(std::move(file).error());
  co_return std::make_unique<FileUpload>(blocking_, buffers_, std::move(*file));
}

Task<Result<std::unique_ptr<UploadSession>>> FileBlobStore::resume_upload(
    std::string id, std::optional<oci::Algorithm> algorithm) {
  auto resume = [tree = tree_, id = std::move(id), algorithm] {
    return UploadFile::resume(tree, id, algorithm);
  };
  auto file = co_await blocking_.run(std::move(resume));
  if (!file) co_return failure(std::move(file).error());
  co_return std::make_unique<FileUpload>(blocking_, buffers_, std::move(*file));
}

Task<Result<>> FileBlobStore::remove_upload(std::string id) {
  if (!paths::is_upload_id(id)) co_return Result<>{};
  auto erase = [tree = tree_, id = std::move(id)] { return tree->remove_upload(id); };
  co_return co_await blocking_.run(std::move(erase));
}

Task<Result<std::vector<std::string>>> FileBlobStore::uploads() {
  auto list = [tree = tree_] { return tree->uploads(); };
  co_return co_await blocking_.run(std::move(list));
}

}  // namespace moorgate::blob
