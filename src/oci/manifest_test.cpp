#include "oci/manifest.hpp"

#include <gtest/gtest.h>

namespace moorgate::oci {
namespace {

using namespace media_type;

std::string digest_text(char hex) {
  return "sha256:" + std::string(64, hex);
}

/// `extra` goes into the object as it is: `"data":"e30="`.
std::string descriptor(std::string_view type, char hex, std::string_view extra = {}) {
  std::string text = R"({"mediaType":")";
  text.append(type).append(R"(","digest":")").append(digest_text(hex)).append(R"(","size":2)");
  if (!extra.empty()) text.append(",").append(extra);
  return text + "}";
}

const std::string kConfig = descriptor("application/vnd.oci.image.config.v1+json", 'c');
const std::string kLayer = descriptor("application/vnd.oci.image.layer.v1.tar+gzip", 'd');

std::string document(std::string_view members, std::string_view type = {}) {
  std::string text = R"({"schemaVersion":2)";
  if (!type.empty()) text.append(R"(,"mediaType":")").append(type).append("\"");
  return text.append(members.empty() ? "" : ",").append(members).append("}");
}

std::string image(std::string_view layers, std::string_view extra = {}) {
  std::string members = R"("config":)" + kConfig + R"(,"layers":[)";
  members.append(layers).append("]");
  if (!extra.empty()) members.append(",").append(extra);
  return document(members, kOciManifest);
}

std::string index(std::string_view children, std::string_view extra = {}) {
  std::string members(R"("manifests":[)");
  members.append(children).append("]");
  if (!extra.empty()) members.append(",").append(extra);
  return document(members, kOciIndex);
}

std::string nested(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += "[";
  for (int i = 0; i < depth; ++i) text += "]";
  return text;
}

TEST(Manifest, NamesConfigLayersAndSubject) {
  const auto manifest =
      Manifest::parse(image(kLayer, R"("subject":)" + descriptor(kOciManifest, 'e') +
                                        R"(,"annotations":{"z":"1","a":"\u00e4\n"})"),
                      kOciManifest);
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->media_type, kOciManifest);
  EXPECT_EQ(manifest->artifact_type, "application/vnd.oci.image.config.v1+json");
  const Annotations kAnnotations = {{"z", "1"}, {"a", "ä\n"}};
  EXPECT_EQ(manifest->annotations, kAnnotations);

  ASSERT_EQ(manifest->links.size(), 3U);
  EXPECT_EQ(manifest->links[0].role, Role::config);
  EXPECT_EQ(manifest->links[1].role, Role::layer);
  EXPECT_EQ(manifest->links[1].descriptor.digest.text(), digest_text('d'));
  EXPECT_EQ(manifest->links[1].descriptor.size, 2U);
  EXPECT_TRUE(manifest->links[1].required);
  EXPECT_EQ(manifest->links[2].role, Role::subject);
  EXPECT_FALSE(manifest->links[2].required);
  ASSERT_NE(manifest->subject(), nullptr);
  EXPECT_EQ(manifest->subject()->digest.text(), digest_text('e'));
}

struct Accepted {
  std::string why;
  std::string body;
  std::string content_type;
  std::string media_type;
};

std::vector<Accepted> accepted() {
  const std::string docker_config =
      descriptor("application/vnd.docker.container.image.v1+json", 'c');
  const std::string docker = R"("config":)" + docker_config + R"(,"layers":[])";
  const std::string bare = R"("config":)" + kConfig + R"(,"layers":[])";
  const std::string O(kOciManifest);
  const std::string I(kOciIndex);
  const std::string D(kDockerManifest);
  const std::string L(kDockerList);
  return {
      {"no layers", image(""), O, O},
      {"layers null, as Go prints them", document(R"("layers":null,"config":)" + kConfig, O), O, O},
      {"no mediaType in an OCI manifest", document(bare), O, O},
      {"no mediaType and a general content type", document(bare), "application/json", O},
      {"no content type", document(bare), "", O},
      {"octet-stream", document(docker, D), "application/octet-stream", D},
      {"content type in another case", document(docker, D),
       "Application/Vnd.Docker.distribution.manifest.v2+json", D},
      {"docker manifest", document(docker, D), D, D},
      {"docker list", document(R"("manifests":[)" + descriptor(kDockerManifest, 'a') + "]", L), L,
       L},
      {"empty index", index(""), I, I},
      {"index of null, without mediaType", document(R"("manifests":null)"), I, I},
      {"empty index by shape", document(R"("manifests":[])"), "", I},
      {"nested index", index(descriptor(kOciIndex, 'a')), I, I},
      {"artifact manifest",
       document(R"("artifactType":"application/x-test","layers":[],"config":)" +
                    descriptor("application/vnd.oci.empty.v1+json", 'f', R"("data":"e30=")"),
                O),
       O, O},
      {"unknown members everywhere",
       image(descriptor("application/x-layer", 'd', R"("new":{"a":[1,null,true,2.5]})"),
             R"("org.example.future":[{}])"),
       O, O},
      {"config of any media type",
       document(R"("layers":[],"config":)" + descriptor("application/x-any", 'c'), O), O, O},
      {"the deepest allowed", image("", R"("deep":)" + nested(31)), O, O},
      {"sha512",
       image(R"({"mediaType":"a/b","size":0,"digest":"sha512:)" + std::string(128, '1') + R"("})"),
       O, O},
      {"largest size",
       image(R"({"mediaType":"a/b","size":18446744073709551615,"digest":")" + digest_text('1') +
             R"("})"),
       O, O},
      {"white space around", " \n" + image("") + "\r\n\t ", O, O},
  };
}

TEST(Manifest, AcceptsEveryShapeInTheField) {
  for (const Accepted& c : accepted()) {
    const auto manifest = Manifest::parse(c.body, c.content_type);
    ASSERT_TRUE(manifest) << c.why << ": " << manifest.error().message;
    EXPECT_EQ(manifest->media_type, c.media_type) << c.why;
    EXPECT_TRUE(detect_media_type(c.body)) << c.why;
  }
}

struct Refused {
  std::string body;
  std::string content_type;
  std::string says;
};

std::vector<Refused> refused() {
  const std::string O(kOciManifest);
  const std::string I(kOciIndex);
  const std::string with_config = R"("config":)" + kConfig + R"(,"layers":[])";
  const auto layer_with = [](std::string_view members) {
    return image(R"({"mediaType":"a/b",)" + std::string(members) + "}");
  };
  const std::string good_digest = R"("digest":")" + digest_text('1') + "\"";
  return {
      {"", O, "not valid JSON"},
      {"{", O, "not valid JSON"},
      {"[]", O, "not a JSON object"},
      {"null", O, "not a JSON object"},
      {image("") + "x", O, "follows its end"},
      {image("") + image(""), O, "follows its end"},
      {"\xef\xbb\xbf" + image(""), O, "not valid JSON"},
      {image("", R"("deep":)" + nested(32)), O, "nested too deeply"},
      {image("", "\"a\":\"\xff\""), O, "not valid JSON"},
      {image("", R"("a":1,"a":1)"), O, "same member name twice"},
      {image("", R"("a":1,"\u0061":2)"), O, "same member name twice"},
      {image("", R"("annotations":{"k":"v","k":"w"})"), O, "same member name twice"},
      {image("", R"("layers":[])"), O, "same member name twice"},
      {image("", R"("x":[[{"y":{"z":1,"z":{"q":{}}}}]])"), O, "same member name twice"},
      {image(""), I, "was sent as"},
      {index(""), O, "was sent as"},
      {image(""), std::string(kDockerManifest), "was sent as"},
      {document(with_config), std::string(kDockerManifest), "must say so in its mediaType"},
      {document(with_config), I, "also has a config"},
      {document(R"("manifests":[])"), O, "also has manifests"},
      {document(with_config + R"(,"manifests":[])"), "", "also has"},
      {document(with_config + R"(,"manifests":[])", O), O, "also has manifests"},
      {document(R"("manifests":[],"layers":[])", I), I, "also has a config or layers"},
      {document(with_config, "application/vnd.oci.image.Manifest.v1+json"), "", "must be written"},
      {document(with_config, "application/x-unknown"), "", "not supported"},
      {image(""), "text/plain", "not supported"},
      {document(""), "", "neither"},
      {document("", O), O, "has no config"},
      {R"({"schemaVersion":1,"fsLayers":[],"signatures":[]})", "", "schema 1"},
      {image(""), "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"},
      {image(""), "application/vnd.docker.distribution.manifest.v1+json", "schema 1"},
      {R"({"schemaVersion":3,"manifests":[]})", "", "schemaVersion"},
      {R"({"schemaVersion":"2","manifests":[]})", "", "schemaVersion"},
      {document(R"("mediaType":7,"manifests":[])"), "", "mediaType must be a string"},
      {document(R"("manifests":{})", I), I, "manifests must be a list"},
      {index("7"), I, "manifests[0] must be an object"},
      {document(R"("config":[],"layers":[])", O), O, "config must be an object"},
      {image("", R"("subject":"x")"), O, "subject must be an object"},
      {image("", R"("artifactType":1)"), O, "artifactType must be a string"},
      {image("", R"("annotations":[])"), O, "annotations must be an object"},
      {image("", R"("annotations":{"a":1})"), O, "annotations must be strings"},
      {image(kLayer + "," + R"({"mediaType":"a/b","size":1})"), O,
       "layers[1].digest must be a string"},
      {layer_with(R"("size":1,"digest":"sha256:ab")"), O, "layers[0]: digest"},
      {layer_with(good_digest), O, "layers[0].size"},
      {layer_with(R"("size":-1,)" + good_digest), O, "layers[0].size"},
      {layer_with(R"("size":1.0,)" + good_digest), O, "layers[0].size"},
      {layer_with(R"("size":"1",)" + good_digest), O, "layers[0].size"},
      {layer_with(R"("size":1e99,)" + good_digest), O, "layers[0].size"},
      {layer_with(R"("size":1,"urls":"x",)" + good_digest), O, "layers[0].urls"},
      {layer_with(R"("size":1,"data":{},)" + good_digest), O, "layers[0].data"},
      {image(R"({"mediaType":1,"size":1,)" + good_digest + "}"), O, "layers[0].mediaType"},
  };
}

TEST(Manifest, RefusesWithTheReason) {
  for (const Refused& c : refused()) {
    const auto manifest = Manifest::parse(c.body, c.content_type);
    ASSERT_FALSE(manifest) << c.says << ": " << c.body;
    EXPECT_EQ(manifest.error().code, Code::manifest_invalid) << c.body;
    EXPECT_NE(manifest.error().message.find(c.says), std::string::npos)
        << manifest.error().message << " should say " << c.says;
  }
}

struct LinkCase {
  std::string child;
  Role role;
  bool required;
};

TEST(Manifest, KnowsWhatMayBeAbsentFromAnImage) {
  const LinkCase kCases[] = {
      {kLayer, Role::layer, true},
      {descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", 'd'), Role::layer,
       false},
      {descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", 'd'), Role::layer,
       false},
      {descriptor("a/b", 'd', R"("urls":["https://example.com/x"])"), Role::layer, false},
      {descriptor("a/b", 'd', R"("urls":[])"), Role::layer, true},
      {descriptor("a/b", 'd', R"("urls":null,"data":null)"), Role::layer, true},
      {descriptor("a/b", 'd', R"("data":"e30=")"), Role::layer, false},
  };
  for (const LinkCase& c : kCases) {
    const auto manifest = Manifest::parse(image(c.child), kOciManifest);
    ASSERT_TRUE(manifest) << c.child;
    EXPECT_EQ(manifest->links[1].role, c.role) << c.child;
    EXPECT_EQ(manifest->links[1].required, c.required) << c.child;
  }
}

TEST(Manifest, KnowsWhichChildrenOfAnIndexAreBlobs) {
  const LinkCase kCases[] = {
      {descriptor(kOciManifest, 'a'), Role::child, true},
      {descriptor(kDockerList, 'a'), Role::child, true},
      {R"({"size":1,"digest":")" + digest_text('a') + R"("})", Role::child, true},
      {descriptor(kOciManifest, 'a', R"("data":"e30=")"), Role::child, false},
      {descriptor("application/vnd.oci.image.layer.v1.tar+gzip", 'a'), Role::layer, true},
      {descriptor("application/vnd.buildkit.cacheconfig.v0", 'a'), Role::layer, true},
  };
  for (const LinkCase& c : kCases) {
    const auto manifest = Manifest::parse(index(c.child), kOciIndex);
    ASSERT_TRUE(manifest) << c.child;
    EXPECT_EQ(manifest->links[0].role, c.role) << c.child;
    EXPECT_EQ(manifest->links[0].required, c.required) << c.child;
  }
}

TEST(Manifest, KeepsItsOwnArtifactType) {
  const auto type_of = [](const std::string& body) {
    return Manifest::parse(body, "").value().artifact_type;
  };
  EXPECT_EQ(type_of(image("", R"("artifactType":"application/x-own")")), "application/x-own");
  EXPECT_EQ(type_of(image("")), "application/vnd.oci.image.config.v1+json");
  EXPECT_EQ(type_of(index("", R"("artifactType":"application/x-own")")), "application/x-own");
  EXPECT_EQ(type_of(index("", R"("subject":)" + descriptor(kOciManifest, 'e'))), "");
}

TEST(Manifest, DockersSchemaHasNoSubject) {
  const auto manifest = Manifest::parse(
      document(R"("manifests":[],"subject":)" + descriptor(kOciManifest, 'e'), kDockerList),
      kDockerList);
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->subject(), nullptr);
}

TEST(Manifest, OfNearlyFourMegabytesIsTaken) {
  std::string annotations;
  for (int i = 0; i < 390; ++i) {
    annotations +=
        (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":\"" + std::string(10'000, 'x') + "\"";
  }
  const auto manifest =
      Manifest::parse(image("", R"("annotations":{)" + annotations + "}"), kOciManifest);
  ASSERT_TRUE(manifest) << manifest.error().message;
  ASSERT_EQ(manifest->annotations.size(), 390U);
  EXPECT_EQ(manifest->annotations[389].first, "k389");
  EXPECT_EQ(manifest->annotations[389].second.size(), 10'000U);
}

TEST(Index, OfReferrersIsValidAndEscaped) {
  EXPECT_EQ(render_index({}),
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",)"
            R"("manifests":[]})");

  Descriptor plain{.media_type = std::string(kOciManifest),
                   .digest = *Digest::parse(digest_text('a')),
                   .size = 7};
  Descriptor full = plain;
  full.artifact_type = "application/x-\"quoted\"";
  full.annotations = {{"a\\b", "line\nbreak \x01 ä"}, {std::string("n\0l", 3), ""}};
  const std::string text = render_index({plain, full});
  EXPECT_NE(text.find(R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
                      digest_text('a') + R"(","size":7})"),
            std::string::npos)
      << text;

  const auto parsed = Manifest::parse(text, kOciIndex);
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_EQ(parsed->links.size(), 2U);
  EXPECT_EQ(parsed->links[0].descriptor, plain);
  EXPECT_EQ(parsed->links[1].descriptor, full);
}

TEST(MediaType, FamiliesAreKnown) {
  EXPECT_TRUE(is_manifest(kDockerList));
  EXPECT_TRUE(is_index(kDockerList));
  EXPECT_TRUE(is_manifest(kOciManifest));
  EXPECT_FALSE(is_index(kOciManifest));
  EXPECT_FALSE(is_manifest("application/vnd.oci.image.layer.v1.tar"));
  EXPECT_FALSE(is_nondistributable("application/vnd.oci.image.layer.v1.tar"));
}

}  // namespace
}  // namespace moorgate::oci
