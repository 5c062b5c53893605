#include "app/uploads_command.hpp"

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/text.hpp"
#include "blob/file_blob_store.hpp"
#include "blob/paths.hpp"
#include "config/value.hpp"
#include "meta/sqlite_metadata.hpp"
#include "registry/registry.hpp"

namespace moorgate::app {
namespace {

int complain(const Error& error) {
  std::cerr << "moorgate: " << error.message;
  if (!error.detail.empty()) std::cerr << " (" << error.detail << ')';
  std::cerr << '\n';
  return 1;
}

/// Runs one coroutine to its end on this thread.
template <class T>
Result<T> wait_for(Task<Result<T>> task) {
  boost::asio::io_context loop;
  std::optional<Result<T>> outcome;
  boost::asio::co_spawn(
      loop, std::move(task), [&outcome](const std::exception_ptr& error, Result<T> result) {
        outcome = error ? Result<T>(failure(Code::internal, "the command failed inside"))
                        : std::move(result);
      });
  loop.run();
  return std::move(*outcome);
}

/// The moment before which an upload counts as abandoned.
std::optional<std::int64_t> moment(const UploadsArguments& arguments) {
  const auto age = config::parse_duration(arguments.older_than);
  if (!age) {
    std::cerr << "moorgate: --older-than " << arguments.older_than
              << " is no duration; write it as 30m, 24h or 7d\n";
    return std::nullopt;
  }
  // One second ahead, so that "0s" takes in what was touched right now.
  const auto then = std::chrono::system_clock::now() - *age + std::chrono::seconds(1);
  return std::chrono::system_clock::to_time_t(then);
}

/// The file tells: the record follows only now and then.
std::uint64_t bytes_of(const AppConfig& config, const std::string& id) {
  std::error_code error;
  const auto size =
      std::filesystem::file_size(config.storage.root / blob::paths::upload_data(id), error);
  return error ? 0 : size;
}

Result<std::unique_ptr<meta::SqliteMetadata>> open_metadata(const AppConfig& config) {
  if (config.behind) {
    return failure(Code::bad_request,
                   "the registry behind keeps the uploads: " + config.behind->upstream.url.text());
  }
  const auto file = config.storage.root / blob::paths::kMetadata;
  if (!std::filesystem::exists(file)) {
    return failure(Code::bad_request, "no registry was ever started in " +
                                          config.storage.root.string() +
                                          "; name the configuration of one with --config");
  }
  return meta::SqliteMetadata::open(file, {});
}

}  // namespace

int list_uploads_command(const AppConfig& config, const UploadsArguments& arguments) {
  const auto before = moment(arguments);
  if (!before) return 2;
  auto metadata = open_metadata(config);
  if (!metadata) return complain(metadata.error());
  auto found = wait_for((*metadata)->uploads(*before));
  if (!found) return complain(found.error());
  for (const auto& upload : *found) {
    std::cout << upload.id << "  " << upload.repository.text() << "  "
              << bytes_of(config, upload.id) << " bytes  by "
              << (upload.owner.empty() ? "anonymous" : upload.owner) << "  started "
              << to_rfc3339(upload.started) << "  last touched " << to_rfc3339(upload.touched)
              << '\n';
  }
  std::cout << found->size()
            << (found->size() == 1 ? " unfinished upload\n" : " unfinished uploads\n");
  return 0;
}

int purge_uploads_command(const AppConfig& config, const UploadsArguments& arguments) {
  const auto before = moment(arguments);
  if (!before) return 2;
  auto metadata = open_metadata(config);
  if (!metadata) return complain(metadata.error());
  net::Blocking disk("disk", 2, 1024);
  auto blobs = blob::FileBlobStore::open(config.storage.root, disk);
  if (!blobs) {
    std::cerr << "moorgate: a running server removes abandoned uploads by itself (after "
                 "storage.upload_expiry); stop it to do it now\n";
    return complain(blobs.error());
  }
  const auto shared = registry::Registry::make_shared();
  auto purged = wait_for(registry::purge_uploads(**blobs, **metadata, *shared, *before));
  if (!purged) return complain(purged.error());
  std::cout << *purged << (*purged == 1 ? " upload removed\n" : " uploads removed\n");
  return 0;
}

}  // namespace moorgate::app
