#include "meta/sqlite_metadata.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <limits>
#include <type_traits>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/unique_fd.hpp"
#include "meta/changes.hpp"
#include "meta/queries.hpp"
#include "meta/schema.hpp"

namespace moorgate::meta {
namespace {

std::int64_t now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
}

Error at_start(const std::filesystem::path& file, Error error) {
  error.message = "cannot use the metadata database " + file.string() + ": " +
                  (error.detail.empty() ? error.message : error.detail);
  return error;
}

/// SQLite syncs what it writes; that a new file has a name at all is for its folder to remember.
Result<> sync_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) {
    return failure(system_error(errno, "make the metadata database durable", folder.string()));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> open_database(const std::filesystem::path& file) {
  auto writer = Connection::open(file, Connection::Use::write);
  if (!writer) return failure(at_start(file, std::move(writer).error()));
  auto ready = migrate(**writer);
  if (ready) ready = sync_folder(file);
  if (!ready) return failure(at_start(file, std::move(ready).error()));
  return writer;
}

Result<std::unique_ptr<SqliteMetadata>> SqliteMetadata::open(const std::filesystem::path& file,
                                                             Options options) {
  auto writer = open_database(file);
  if (!writer) return failure(std::move(writer).error());
  Connections readers;
  for (std::size_t i = 0; i < options.readers; ++i) {
    auto reader = Connection::open(file, Connection::Use::read);
    if (!reader) return failure(at_start(file, std::move(reader).error()));
    readers.push_back(std::move(*reader));
  }
  return std::unique_ptr<SqliteMetadata>(
      new SqliteMetadata(std::move(*writer), std::move(readers), options));
}

SqliteMetadata::SqliteMetadata(std::unique_ptr<Connection> writer, Connections readers,
                               Options options)
    : idle_readers_(std::move(readers)),
      writer_(std::move(writer), versions_, options.queue_limit, options.links),
      pool_("meta-read", options.readers, options.queue_limit) {}

SqliteMetadata::~SqliteMetadata() = default;

template <class Query>
auto SqliteMetadata::read(Query query) {
  using Answer = std::invoke_result_t<Query&, Connection&>;
  auto work = [this, q = std::move(query)]() mutable -> Answer {
    // As many connections as threads: there is always one left.
    std::unique_lock lock(mutex_);
    auto connection = std::move(idle_readers_.back());
    idle_readers_.pop_back();
    lock.unlock();

    Answer answer = q(*connection);
    if (connection->failed()) answer = failure(connection->take_failure());

    lock.lock();
    idle_readers_.push_back(std::move(connection));
    return answer;
  };
  return pool_.run(std::move(work));
}

Task<Result<>> SqliteMetadata::write(Change change) {
  auto start = [this](auto handler, Change queued) {
    auto loop = boost::asio::get_associated_executor(handler);
    auto guard = boost::asio::make_work_guard(loop);
    queued.answer = [h = std::move(handler), loop,
                     hold = std::move(guard)](Result<> result) mutable {
      auto resume = [handle = std::move(h), r = std::move(result)]() mutable {
        std::move(handle)(std::move(r));
      };
      boost::asio::post(loop, std::move(resume));
    };
    writer_.submit(std::move(queued));
  };
  co_return co_await boost::asio::async_initiate<decltype(net::kAwait) const, void(Result<>)>(
      start, net::kAwait, std::move(change));
}

// ---- manifests and tags

Task<Result<ManifestRecord>> SqliteMetadata::find_manifest(oci::RepositoryName repository,
                                                           oci::Reference reference) {
  return read([repository = std::move(repository), reference = std::move(reference)](
                  Connection& db) { return queries::find_manifest(db, repository, reference); });
}

Task<Result<>> SqliteMetadata::put_manifest(NewManifest manifest) {
  const std::size_t slot = RepositoryVersions::slot_of(manifest.repository);
  auto put = [manifest = std::move(manifest)](Connection& db) {
    return changes::put_manifest(db, manifest, now());
  };
  return write({.apply = std::move(put), .touches = slot});
}

Task<Result<>> SqliteMetadata::delete_manifest(oci::RepositoryName repository, oci::Digest digest,
                                               Precondition precondition, std::string deleted_by) {
  const std::size_t slot = RepositoryVersions::slot_of(repository);
  auto remove = [repository = std::move(repository), digest = std::move(digest),
                 precondition = std::move(precondition),
                 by = std::move(deleted_by)](Connection& db) {
    return changes::delete_manifest(db, repository, digest, precondition, by, now());
  };
  return write({.apply = std::move(remove), .touches = slot});
}

Task<Result<>> SqliteMetadata::delete_tag(oci::RepositoryName repository, oci::Tag tag,
                                          Precondition precondition, std::string deleted_by) {
  const std::size_t slot = RepositoryVersions::slot_of(repository);
  auto remove = [repository = std::move(repository), tag = std::move(tag),
                 precondition = std::move(precondition),
                 by = std::move(deleted_by)](Connection& db) {
    return changes::delete_tag(db, repository, tag, precondition, by, now());
  };
  return write({.apply = std::move(remove), .touches = slot});
}

Task<Result<Page>> SqliteMetadata::tags(oci::RepositoryName repository, PageRequest page) {
  return read([repository = std::move(repository), page = std::move(page)](Connection& db) {
    return queries::tags(db, repository, page);
  });
}

Task<Result<Page>> SqliteMetadata::repositories(PageRequest page) {
  return read([page = std::move(page)](Connection& db) { return queries::repositories(db, page); });
}

Task<Result<std::vector<oci::Descriptor>>> SqliteMetadata::referrers(oci::RepositoryName repository,
                                                                     oci::Digest subject,
                                                                     std::string artifact_type) {
  return read([repository = std::move(repository), subject = std::move(subject),
               artifact_type = std::move(artifact_type)](Connection& db) {
    return queries::referrers(db, repository, subject, artifact_type);
  });
}

// ---- blob links

Task<Result<std::uint64_t>> SqliteMetadata::find_blob(oci::RepositoryName repository,
                                                      oci::Digest digest) {
  return read([repository = std::move(repository), digest = std::move(digest)](Connection& db) {
    return queries::find_blob(db, repository, digest);
  });
}

Task<Result<>> SqliteMetadata::link_blob(oci::RepositoryName repository, oci::Digest digest,
                                         std::uint64_t size) {
  auto link = [repository = std::move(repository), digest = std::move(digest),
               size](Connection& db) {
    return changes::link_blob(db, repository, digest, size, now());
  };
  return write({.apply = std::move(link)});
}

Task<Result<>> SqliteMetadata::unlink_blob(oci::RepositoryName repository, oci::Digest digest) {
  const std::size_t slot = RepositoryVersions::slot_of(repository);
  auto unlink = [repository = std::move(repository), digest = std::move(digest)](Connection& db) {
    return changes::unlink_blob(db, repository, digest);
  };
  return write({.apply = std::move(unlink), .touches = slot});
}

Task<Result<std::vector<oci::RepositoryName>>> SqliteMetadata::blob_holders(oci::Digest digest,
                                                                            std::size_t limit) {
  return read([digest = std::move(digest), limit](Connection& db) {
    return queries::blob_holders(db, digest, limit);
  });
}

// ---- upload sessions

void SqliteMetadata::create_upload(UploadRecord upload) {
  auto create = [upload = std::move(upload)](Connection& db) {
    return changes::create_upload(db, upload);
  };
  writer_.submit({.apply = std::move(create), .durable = false});
}

void SqliteMetadata::touch_upload(std::string id, std::uint64_t offset) {
  auto touch = [id = std::move(id), offset](Connection& db) {
    return changes::touch_upload(db, id, offset, now());
  };
  writer_.submit({.apply = std::move(touch), .durable = false});
}

Task<Result<UploadRecord>> SqliteMetadata::find_upload(oci::RepositoryName repository,
                                                       std::string id) {
  return read([repository = std::move(repository), id = std::move(id)](Connection& db) {
    return queries::find_upload(db, repository, id);
  });
}

Task<Result<>> SqliteMetadata::remove_upload(std::string id) {
  auto remove = [id = std::move(id)](Connection& db) { return changes::remove_upload(db, id); };
  return write({.apply = std::move(remove), .durable = false});
}

Task<Result<>> SqliteMetadata::finish_upload(std::string id, oci::RepositoryName repository,
                                             oci::Digest digest, std::uint64_t size) {
  auto finish = [id = std::move(id), repository = std::move(repository), digest = std::move(digest),
                 size](Connection& db) {
    if (auto removed = changes::remove_upload(db, id); !removed) return removed;
    return changes::link_blob(db, repository, digest, size, now());
  };
  return write({.apply = std::move(finish)});
}

Task<Result<std::vector<UploadRecord>>> SqliteMetadata::uploads(std::int64_t before) {
  return read([before](Connection& db) { return queries::uploads(db, before); });
}

Task<Result<>> SqliteMetadata::check() {
  const auto any = [](Connection& db) { return queries::repositories(db, {.limit = 1}); };
  if (auto readable = co_await read(any); !readable) {
    co_return failure(std::move(readable).error());
  }
  auto nothing = [](Connection&) { return Result<>(); };
  Change change{.apply = std::move(nothing), .durable = false};
  co_return co_await write(std::move(change));
}

}  // namespace moorgate::meta
