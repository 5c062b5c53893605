#include "distribution/foreign_writer.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/log.hpp"
#include "base/text.hpp"
#include "blob/paths.hpp"

namespace moorgate::distribution {
namespace {

void report_blindness(int error) {
  log::warning("another registry that writes to the same tree would not be noticed",
               {{"error", system_error(error, "watch the blobs' folders").detail}});
}

}  // namespace

ForeignWriter::ForeignWriter(const std::filesystem::path& root)
    : events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!events_) {
    report_blindness(errno);
    return;
  }
  // Distribution keeps everything under sha256.
  for (int i = 0; i < 256; ++i) {
    const char byte = static_cast<char>(i);
    const auto shard = root / blob::paths::shard(oci::Algorithm::sha256, to_hex({&byte, 1}));
    if (::inotify_add_watch(events_.get(), shard.c_str(), IN_CREATE | IN_ONLYDIR) >= 0) continue;
    report_blindness(errno);
    events_.reset();
    return;
  }
}

bool ForeignWriter::noticed() {
  if (!events_ || noticed_) return noticed_;
  alignas(inotify_event) std::array<char, 4096> buffer{};
  const ssize_t got = ::read(events_.get(), buffer.data(), buffer.size());
  if (got <= 0) return false;
  // Which one does not matter, and there is no event but these.
  noticed_ = true;
  events_.reset();
  return true;
}

std::string ForeignWriter::advice(const std::filesystem::path& root) {
  return "another program, most likely docker-registry, writes to the same folder " +
         root.string() + ": stop it, then start Moorgate again, which takes over what it wrote";
}

}  // namespace moorgate::distribution
