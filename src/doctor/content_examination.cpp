#include "doctor/checks_content.hpp"
#include "doctor/visit.hpp"
#include "oci/digest.hpp"
#include "oci/name.hpp"

namespace moorgate::doctor {
namespace {

/// An image that is there to be read.
struct Sample {
  std::string repository;
  std::string tag;
};

std::optional<Sample> find_sample(Visit& visit) {
  std::string repository = visit.order.repository;
  if (!visit.order.repository_named) {
    const Answer catalog =
        visit.ask({.method = "GET", .url = visit.order.door.at("/v2/_catalog?n=10")}, "");
    auto first = catalog.is(200) ? first_of(catalog.body, "repositories") : std::nullopt;
    if (!first) return std::nullopt;
    repository = std::move(*first);
  }
  if (!oci::RepositoryName::parse(repository)) return std::nullopt;
  const Answer tags = visit.ask(
      {.method = "GET", .url = visit.order.door.at("/v2/" + repository + "/tags/list?n=10")},
      repository);
  auto tag = tags.is(200) ? first_of(tags.body, "tags") : std::nullopt;
  if (!tag || !oci::Tag::parse(*tag)) return std::nullopt;
  return Sample{std::move(repository), std::move(*tag)};
}

class Reading {
 public:
  Reading(Visit& visit, Sample sample) : visit_(visit), sample_(std::move(sample)) {}

  void run() {
    const auto config = examine_manifest(sample_.tag);
    if (config) examine_blob(*config);
  }

 private:
  Answer ask(const char* method, const std::string& place, std::vector<Header> headers) {
    return visit_.ask({.method = method,
                       .url = visit_.order.door.at("/v2/" + sample_.repository + place),
                       .headers = std::move(headers)},
                      sample_.repository);
  }

  /// The digest of a blob of the image, found through at most one index.
  std::optional<std::string> examine_manifest(const std::string& reference) {
    const std::string place = "/manifests/" + reference;
    const Answer got = ask("GET", place, {accept_manifests()});
    visit_.add(check_manifest(got));
    if (!got.is(200)) return std::nullopt;
    visit_.add(check_head("manifest", ask("HEAD", place, {accept_manifests()})));
    examine_encoding(std::string(got.header("Docker-Content-Digest")));
    auto pointer = first_reference(got.body);
    if (pointer && pointer->is_manifest && oci::Digest::parse(pointer->digest)) {
      const Answer child = ask("GET", "/manifests/" + pointer->digest, {accept_manifests()});
      pointer = child.is(200) ? first_reference(child.body) : std::nullopt;
    }
    if (!pointer || pointer->is_manifest || !oci::Digest::parse(pointer->digest)) {
      return std::nullopt;
    }
    return pointer->digest;
  }

  void examine_encoding(std::string digest) {
    if (!oci::Digest::parse(digest)) return;
    if (!ask("HEAD", "/manifests/" + digest, {accept_manifests()}).is(200)) return;
    digest.replace(digest.find(':'), 1, "%3A");
    visit_.add(check_encoded_path(ask("HEAD", "/manifests/" + digest, {accept_manifests()})));
  }

  void examine_blob(const std::string& digest) {
    const std::string place = "/blobs/" + digest;
    const Answer got = ask("GET", place, {{"Accept-Encoding", "gzip"}});
    visit_.add(check_blob(visit_.order.door, got));
    if (!got.is(200)) return;
    visit_.add(check_head("blob", ask("HEAD", place, {})));
    visit_.add(check_range(ask("GET", place, {{"Range", "bytes=0-0"}})));
  }

  Visit& visit_;
  Sample sample_;
};

}  // namespace

void examine_contents(Visit& visit) {
  if (!visit.has_time_for("images were")) return;
  visit.doing("reading an image");
  auto sample = find_sample(visit);
  if (!sample) {
    visit.note(
        "how images come out was not examined: no tag was found; name a repository with "
        "images with --repository NAME");
    return;
  }
  Reading(visit, std::move(*sample)).run();
}

}  // namespace moorgate::doctor
