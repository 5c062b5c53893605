#include "blob/file_blob_reader.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "blob/file_io.hpp"

namespace moorgate::blob {

FileBlobReader::~FileBlobReader() {
  // Closing the last descriptor of a removed file frees its blocks, which takes time.
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0 || status.st_nlink > 0) return;
  blocking_.post([file = std::move(file_)]() mutable { file.reset(); });
}

Task<Result<std::size_t>> FileBlobReader::read_at(std::uint64_t offset, std::span<char> into) {
  if (offset >= size_) co_return 0;
  into = into.first(std::min<std::uint64_t>(into.size(), size_ - offset));
  const std::size_t warm = io::read_cached(file_.get(), into, offset);
  if (warm == into.size()) co_return warm;
  auto read_rest = [fd = file_.get(), rest = into.subspan(warm), from = offset + warm] {
    return io::read_all(fd, rest, from, "read a blob");
  };
  const auto cold = co_await blocking_.run(std::move(read_rest));
  if (!cold) co_return failure(cold.error());
  co_return warm + *cold;
}

}  // namespace moorgate::blob
