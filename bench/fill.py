"""Fills stores with very many names, faster than pushing them would.

Moorgate's metadata is filled while it is stopped, in the tables of src/meta/schema.cpp, which a start
with an empty store has made: after a change there, this file is what to adapt. Distribution keeps a
name as a folder. In both, tag N of repository `many/tags` and repository `many/N` stand for what a
client would list; all of them are the site's one manifest.
"""

import hashlib
import json
import sqlite3
import time

from shared import MANIFEST_TYPE, USER

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
TAGGED = "many/tags"
SCHEMA_VERSION = 2  # of the tables that are written here


def tag(number):
    return f"v{number:07}"


def repository(number):
    return f"many/r{number:07}"


def digest_key(digest):
    """As src/meta/digest_key.cpp writes it."""
    return b"\x01" + bytes.fromhex(digest.removeprefix("sha256:"))


def blob_key(number):
    return b"\x01" + hashlib.sha256(b"blob %d" % number).digest()


def open_metadata(path):
    database = sqlite3.connect(path, isolation_level=None)
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        raise RuntimeError(f"bench/fill.py writes metadata of version {SCHEMA_VERSION}, not {version}")
    database.execute("PRAGMA synchronous = OFF")
    return database


def fill_moorgate_names(path, digest, size, count):
    """`count` tags in one repository and `count` repositories."""
    database, now = open_metadata(path), int(time.time())
    database.execute("BEGIN")
    number = database.execute("INSERT INTO digests (value) VALUES (?) RETURNING id",
                              (digest_key(digest),)).fetchone()[0]
    kind = database.execute("INSERT INTO media_types (name) VALUES (?) RETURNING id",
                            (MANIFEST_TYPE,)).fetchone()[0]
    database.execute("INSERT INTO repositories (id, name, manifests) VALUES (1, ?, 1)", (TAGGED,))
    database.executemany("INSERT INTO tags (repository, name, digest) VALUES (1, ?, ?)",
                         ((tag(i), number) for i in range(count)))
    database.executemany("INSERT INTO repositories (id, name, manifests) VALUES (?, ?, 1)",
                         ((2 + i, repository(i)) for i in range(count)))
    database.executemany(
        "INSERT INTO manifests (repository, digest, media_type, size, pushed_at, pushed_by)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        ((1 + i, number, kind, size, now, USER) for i in range(count + 1)))
    close(database)


def fill_moorgate_blobs(path, count):
    """`count` blobs that a repository holds, without their bytes."""
    database, now = open_metadata(path), int(time.time())
    database.execute("BEGIN")
    database.execute("INSERT INTO repositories (id, name) VALUES (1, ?)", (TAGGED,))
    database.executemany("INSERT INTO digests (id, value) VALUES (?, ?)",
                         ((1 + i, blob_key(i)) for i in range(count)))
    database.executemany("INSERT INTO blob_links (repository, digest, size, linked_at) VALUES (1, ?, 0, ?)",
                         ((1 + i, now) for i in range(count)))
    close(database)


def close(database):
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def fill_distribution_names(root, digest, count):
    """The same for docker-registry: a tag is a link file, a repository a folder with _layers."""
    repositories = root / "docker/registry/v2/repositories"
    for i in range(count):
        current = repositories / TAGGED / "_manifests/tags" / tag(i) / "current"
        current.mkdir(parents=True)
        (current / "link").write_text(digest)
        (repositories / repository(i) / "_layers").mkdir(parents=True)


def fill_distribution_images(root, repositories, images):
    """`images` tags of as many images in each repository, every one with a configuration and three layers
    of its own: twelve small files for an image, as docker-registry writes them."""
    base = root / "docker/registry/v2"

    def put(path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def put_blob(content):
        hexadecimal = hashlib.sha256(content).hexdigest()
        put(base / "blobs/sha256" / hexadecimal[:2] / hexadecimal / "data", content)
        return {"digest": f"sha256:{hexadecimal}", "size": len(content)}

    for i in range(repositories):
        names = base / "repositories" / repository(i)
        for k in range(images):
            config = put_blob(json.dumps({"architecture": "amd64", "os": "linux", "image": [i, k]}).encode())
            layers = [put_blob(f"layer {n} of {i} {k}".encode()) for n in range(3)]
            manifest = put_blob(json.dumps({
                "schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": {"mediaType": CONFIG_TYPE, **config},
                "layers": [{"mediaType": LAYER_TYPE, **layer} for layer in layers]}).encode())
            for blob in (config, *layers):
                put(names / "_layers" / blob["digest"].replace(":", "/") / "link", blob["digest"].encode())
            revision, link = manifest["digest"].replace(":", "/"), manifest["digest"].encode()
            put(names / "_manifests/revisions" / revision / "link", link)
            put(names / "_manifests/tags" / tag(k) / "current/link", link)
            put(names / "_manifests/tags" / tag(k) / "index" / revision / "link", link)


def fill_blob_files(root, count):
    """Empty blobs where both Distribution and Moorgate keep them."""
    blobs = root / "docker/registry/v2/blobs/sha256"
    for i in range(count):
        hexadecimal = blob_key(i)[1:].hex()
        folder = blobs / hexadecimal[:2] / hexadecimal
        folder.mkdir(parents=True)
        (folder / "data").touch()
