#include "migrate/probes.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "migrate/nginx_location.hpp"
#include "migrate/pattern_samples.hpp"
#include "oci/name.hpp"

namespace moorgate::migrate {
namespace {

constexpr std::string_view kApi = "/v2/";
constexpr std::size_t kSamples = 24;
constexpr std::array<std::string_view, 4> kEnds = {"/manifests", "/blobs", "/tags", "/referrers"};

class Collector {
 public:
  explicit Collector(std::size_t limit) : limit_(limit) {}

  void look_at(const Directive& block) {
    for (const auto& directive : block.children) {
      if (directive.name == "location") {
        const auto [modifier, text] = name_of(directive);
        modifier.starts_with('~') ? add_regex(text) : add_text(text);
      } else if (directive.name == "if") {
        for (std::size_t i = 1; i < directive.args.size(); ++i) add_regex(directive.args[i]);
      }
      look_at(directive);
    }
  }

  void look_at_map(const Directive& map) {
    for (const auto& entry : map.children) {
      const bool regex = entry.name.starts_with('~');
      const std::size_t skip = entry.name.starts_with("~*") ? 2 : 1;
      regex ? add_regex(entry.name.substr(skip)) : add_text(entry.name);
    }
  }

  void add(const std::string& repository, const std::string& reference = "latest") {
    if (probes.size() >= limit_ || !oci::RepositoryName::parse(repository)) return;
    // Part of a path that begins with an endpoint, and no name that anybody has.
    const std::string parts = "/" + repository + "/";
    for (const auto end : kEnds) {
      if (parts.contains(std::string(end) + "/")) return;
    }
    if (seen_.insert({repository, reference}).second) probes.push_back({repository, reference});
  }

  std::vector<Probe> probes;

 private:
  void add_regex(const std::string& regex) {
    if (probes.size() >= limit_) return;
    for (const auto& sample : samples_of(regex, kSamples)) add_text(sample);
  }

  void add_text(std::string text) {
    // Letter case may not matter, and capital letters are in no repository's name.
    for (char& c : text) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    // In "$request_method:$uri" the path stands behind something.
    const std::size_t api = text.find(kApi);
    if (api != std::string::npos) {
      add_path(text.substr(api));
      add_path("/v2/zz9" + text.substr(api));
    } else if (text.contains('/')) {
      const std::string path = (text.starts_with('/') ? "" : "/") + text;
      add_path("/v2" + path);
      add_path("/v2/zz9" + path);
      add_path("/v2/zz9" + path.substr(1));
    }
  }

  void add_path(const std::string& path) {
    const std::string rest = path.substr(kApi.size());
    std::size_t end = std::string::npos;
    for (const auto word : kEnds) end = std::min(end, rest.find(word));
    if (end != std::string::npos) {
      const std::string name = rest.substr(0, end);
      add(name);
      constexpr std::string_view kManifests = "/manifests/";
      if (rest.substr(end).starts_with(kManifests)) {
        add_reference(name, rest.substr(end + kManifests.size()));
      }
      return;
    }
    const std::string name = rest.ends_with('/') ? rest.substr(0, rest.size() - 1) : rest;
    add(name);
    // What looks like the next part of a name may be the endpoint of a shorter one.
    if (const std::size_t slash = name.rfind('/'); slash != std::string::npos) {
      add(name.substr(0, slash));
    }
    add(name + "/zz9");
    if (!rest.ends_with('/')) add(rest + "zz9");
  }

  void add_reference(const std::string& name, const std::string& text) {
    for (const auto& reference : {text, text + "9"}) {
      if (oci::Tag::parse(reference)) add(name, reference);
    }
  }

  const std::size_t limit_;
  std::set<Probe> seen_;
};

}  // namespace

std::vector<Probe> probes_of(const NginxTree& tree, const Directive& server, std::size_t limit) {
  Collector collector(limit);
  for (const char* name :
       {"zz9", "zz9/zz9", "zz9/zz9/zz9", "zz9/zz9/zz9/zz9", "zz-9.z_9", "zz-9.z_9/zz-9.z_9"}) {
    collector.add(name);
    collector.add(name, "v1.0");
  }
  Report ignored;
  for (const auto& globs : repository_classes(tree, server, ignored)) {
    for (std::string glob : globs) {
      for (std::size_t at = 0; (at = glob.find('*', at)) != std::string::npos;) {
        const std::size_t stars = glob.find_first_not_of('*', at) - at;
        glob.replace(at, stars, "zz-9.z_9");
      }
      collector.add(glob);
      collector.add(glob, "v1.0");
    }
  }
  for (const Directive* map : tree.maps) collector.look_at_map(*map);
  collector.look_at(server);
  return std::move(collector.probes);
}

}  // namespace moorgate::migrate
