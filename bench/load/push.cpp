#include <algorithm>
#include <random>
#include <vector>

#include "client.hpp"
#include "report.hpp"
#include "transfers.hpp"

namespace load {
namespace {

constexpr std::size_t kUniqueHead = 64;

/// Blobs of one size that differ in their first bytes only, so that many large ones fit in memory.
class Blobs {
 public:
  Blobs(std::uint64_t size, std::size_t count) : rest_(fill(size - kUniqueHead)), blobs_(count) {
    std::random_device random;
    for (auto& blob : blobs_) {
      while (blob.head.size() < kUniqueHead) {
        const auto number = random();
        blob.head.append(reinterpret_cast<const char*>(&number), sizeof number);
      }
    }
  }

  std::string_view head(std::size_t i) const { return blobs_[i].head; }
  std::string_view rest() const { return rest_; }
  const std::string& digest(std::size_t i) const { return blobs_[i].digest; }

  void hash(std::size_t i) {
    Sha256 hasher;
    hasher.update(blobs_[i].head);
    hasher.update(rest_);
    blobs_[i].digest = "sha256:" + hasher.finish();
  }

 private:
  struct Blob {
    std::string head;
    std::string digest;
  };

  /// Bytes that nothing can compress.
  static std::string fill(std::uint64_t size) {
    std::string bytes(size, '\0');
    std::mt19937_64 random(size);
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      const std::uint64_t number = random();
      bytes.replace(at, 8, reinterpret_cast<const char*>(&number), 8);
    }
    return bytes;
  }

  const std::string rest_;
  std::vector<Blob> blobs_;
};

/// One client's way of pushing a blob.
class Pusher {
 public:
  Pusher(const TlsClient& tls, const Target& target, const PushLoad& load)
      : load_(load), client_(tls, target) {}

  void push(const Blobs& blobs, std::size_t i) {
    const std::string base = "/v2/" + load_.repository + "/blobs/";
    if (load_.ask_first) {
      request("HEAD", base + blobs.digest(i), {});
      client_.receive_head(404);
    }
    request("POST", base + "uploads/", 0);
    std::string session = finish(202);
    request("PATCH", session, load_.size);
    client_.send(blobs.head(i));
    client_.send(blobs.rest());
    session = finish(202);
    session += (session.find('?') == std::string::npos ? "?digest=" : "&digest=");
    request("PUT", session + blobs.digest(i), 0);
    finish(201);
  }

 private:
  void request(std::string_view method, const std::string& path,
               std::optional<std::uint64_t> length) {
    std::string text(method);
    text.append(" ").append(path).append(" HTTP/1.1\r\n").append(load_.headers);
    if (length) {
      text.append("Content-Type: application/octet-stream\r\nContent-Length: ")
          .append(std::to_string(*length))
          .append("\r\n");
    }
    client_.send(text.append("\r\n"));
  }

  /// Reads an answer to its end and returns where it points, without scheme and host.
  std::string finish(int status) {
    const ResponseHead head = client_.receive_head(status);
    std::string location(head.field("Location"));
    if (const auto scheme = location.find("://"); scheme != std::string::npos) {
      location.erase(0, location.find('/', scheme + 3));
    }
    client_.drop_body(head.length.value_or(0));
    return location;
  }

  const PushLoad& load_;
  Client client_;
};

}  // namespace

void run_pushes(const Target& target, const PushLoad& load) {
  const TlsClient tls(TlsClient::Reading::records);
  Blobs blobs(load.size, load.count);
  std::vector<std::unique_ptr<Pusher>> pushers(load.clients);
  std::vector<std::uint32_t> latencies(load.count);

  const auto prepare = [&](std::size_t client) {
    for (std::size_t i = client; i < load.count; i += load.clients) blobs.hash(i);
    pushers[client] = std::make_unique<Pusher>(tls, target, load);
  };
  const auto push = [&](std::size_t client) {
    for (std::size_t i = client; i < load.count; i += load.clients) {
      const auto start = Clock::now();
      pushers[client]->push(blobs, i);
      latencies[i] = static_cast<std::uint32_t>(seconds_since(start) * 1e6);
    }
  };
  const Took took = run_together(load.clients, prepare, push);

  std::vector<std::string> digests;
  for (std::size_t i = 0; i < load.count; ++i) digests.push_back(blobs.digest(i));
  const auto bytes = static_cast<double>(load.size) * static_cast<double>(load.count);
  Report report;
  report.add("seconds", took.seconds)
      .add("client_cpu", took.cpu)
      .add("bytes", bytes)
      .add("rate", bytes / took.seconds);
  report.add_latencies(std::move(latencies)).add("digests", digests).print();
}

}  // namespace load
