"""kill -9 at any moment: what was acknowledged is there, and nothing half-written is visible."""

import hashlib
import os
import random
import threading
import time

import pytest

from support.http import ConnectionClosed
from support.images import digest_of, image
from support.registry import blob_path, location

ROUNDS = 50
PUSHERS = 4
# Set to repeat a run that failed; the kernel's scheduling still differs.
SEED = int(os.environ.get("CRASH_SEED", random.SystemRandom().randrange(1 << 32)))


class History:
    """What was tried, and what of it the server has acknowledged, over all its lives."""

    def __init__(self):
        self.blobs = {}      # (repository, digest): acknowledged?
        self.images = {}     # (repository, tag): [image, acknowledged?]
        self.uploads = {}    # location of a session: acknowledged bytes, or None once it may be finished
        self.abandoned = set()  # ids of sessions that were found again after a kill
        self._looked_at = set()

    def fresh(self, record):
        """Entries of a record that were not asked for before."""
        keys = [key for key in record if key not in self._looked_at]
        self._looked_at.update(keys)
        return [(key, record[key]) for key in keys]

    def acknowledged_images(self):
        return [(*key, pushed) for key, (pushed, done) in self.images.items() if done]


class Pusher(threading.Thread):
    """Pushes images without pause until the server is gone."""

    def __init__(self, server, history, number, seed):
        super().__init__()
        self.client = plain_client(server)
        self.history = history
        self.random = random.Random(seed)
        self.repository = f"crash/app-{number}"
        self.failure = None

    def run(self):
        try:
            while True:
                self.push_image()
        except (OSError, ConnectionClosed):
            pass  # killed, as it should be
        except BaseException as failure:  # noqa: BLE001 - reported by the test
            self.failure = failure
        finally:
            self.client.close()

    def push_image(self):
        sizes = [self.random.choice([0, 100, 5_000, 70_000, 300_000]) for _ in range(self.random.randint(1, 3))]
        pushed = image(*(self.random.randbytes(size) for size in sizes),
                       config=self.random.randbytes(50), algorithm=self.random.choice(["sha256", "sha512"]))
        for blob in pushed.blobs:
            self.push_blob(blob.data, blob.digest)
        tag = f"v{self.random.getrandbits(64):x}"
        attempt = self.history.images[self.repository, tag] = [pushed, False]
        self.client.push_manifest(self.repository, pushed.digest, pushed.manifest, tag=tag)
        attempt[1] = True

    def push_blob(self, data, digest):
        self.history.blobs.setdefault((self.repository, digest), False)
        way = self.random.choice([self.in_one_request, self.in_two_requests, self.in_chunks])
        response = way(data, digest)
        assert response.status == 201, response
        self.history.blobs[self.repository, digest] = True

    def in_one_request(self, data, digest):
        return self.client.request("POST", f"/v2/{self.repository}/blobs/uploads/", body=data, digest=digest)

    def in_two_requests(self, data, digest):
        return self.client.finish_upload(self.client.start_upload(self.repository), digest, data)

    def in_chunks(self, data, digest):
        upload = self.client.start_upload(self.repository)
        self.history.uploads[upload] = 0
        for at in range(0, len(data), 50_000):
            response = self.client.append(upload, data[at:at + 50_000], at)
            assert response.status == 202, response
            assert location(response) == upload
            self.history.uploads[upload] = at + len(data[at:at + 50_000])
        self.history.uploads[upload] = None
        return self.client.finish_upload(upload, digest)


def check_image(client, repository, tag, pushed, acknowledged):
    pulled = client.manifest(repository, tag)
    if not acknowledged and pulled.status == 404:
        return
    assert pulled.status == 200, f"an acknowledged push is lost: {repository}:{tag} {pulled}"
    assert digest_of(pulled.body, pushed.manifest.algorithm) == pushed.digest
    for blob in pushed.blobs:
        response = client.blob(repository, blob.digest)
        assert response.status == 200, f"{repository}:{tag} lacks {blob.digest}"
        assert response.body == blob.data


def check_blob(client, repository, digest, acknowledged):
    response = client.get(blob_path(repository, digest))
    if not acknowledged and response.status == 404:
        return
    assert response.status == 200, f"an acknowledged blob is lost: {repository}@{digest} {response}"
    assert digest_of(response.body, digest.split(":")[0]) == digest


def survives(client, upload, acknowledged):
    """Whether an upload session is still there; if so, with all bytes that were acknowledged. One
    that was opened a moment before the end may be lost, which costs its client a new session."""
    if client.get(upload).status == 404:
        assert acknowledged == 0, f"{acknowledged} acknowledged bytes are lost: {upload}"
        return False
    assert client.upload_offset(upload) >= acknowledged
    return True


def check_stored_blobs(store, known):
    """Every file that could be served holds what its name says. `known` were looked at before."""
    for path in (store / "docker/registry/v2/blobs").rglob("*"):
        if path.is_dir() or path in known:
            continue
        algorithm, _, encoded = path.relative_to(store / "docker/registry/v2/blobs").parts[:3]
        assert path.name == "data", f"a temporary file among the blobs: {path}"
        assert hashlib.new(algorithm, path.read_bytes()).hexdigest() == encoded, f"half-written: {path}"
        known.add(path)


def check_what_the_last_life_left(server, history):
    with plain_client(server) as client:
        for (repository, tag), (pushed, acknowledged) in history.fresh(history.images):
            check_image(client, repository, tag, pushed, acknowledged)
        for (repository, digest), acknowledged in history.fresh(history.blobs):
            check_blob(client, repository, digest, acknowledged)
        for upload, acknowledged in history.fresh(history.uploads):
            if acknowledged is not None and survives(client, upload, acknowledged):
                history.abandoned.add(upload.rsplit("/", 1)[1])


def leave_an_upload(server, history):
    """One that nobody goes on with, in case the kill interrupts none of the others."""
    with plain_client(server) as client:
        upload = client.start_upload("crash/left")
        assert client.append(upload, bytes(1000), 0).status == 202
        history.uploads[upload] = 1000


def one_life(site, history, dice):
    """Starts the server, looks at what is left of its last life, pushes to it in parallel, and kills
    it at a random moment."""
    server = site.start()
    try:
        check_what_the_last_life_left(server, history)
        leave_an_upload(server, history)
        pushers = [Pusher(server, history, number, dice.random()) for number in range(PUSHERS)]
        for pusher in pushers:
            pusher.start()
        time.sleep(dice.uniform(0.01, 0.8))
    finally:
        server.kill()
    for pusher in pushers:
        pusher.join()
        if pusher.failure:
            raise pusher.failure


def plain_client(server):
    return server.client("pusher", endpoint=server.endpoint(unix=True))


@pytest.fixture
def site(site):
    site.config["listen"].append({"address": f"unix:{site.folder}/moorgate.sock", "tls": "off"})
    return site


def test_every_acknowledged_push_survives_fifty_kills(site):
    print(f"CRASH_SEED={SEED}")
    dice = random.Random(SEED)
    history, known = History(), set()
    for _ in range(ROUNDS):
        one_life(site, history, dice)
        check_stored_blobs(site.store, known)
    assert len(history.acknowledged_images()) > ROUNDS, "hardly anything was pushed; the test says nothing"
    assert history.abandoned, "no upload was interrupted; the test says nothing"

    listed = site.command("uploads", "list").stdout
    assert not [identifier for identifier in history.abandoned if identifier not in listed]
    site.command("uploads", "purge")
    assert site.command("uploads", "list").stdout == "0 unfinished uploads\n"
    assert not [path for path in site.files() if "/uploads/" in path or "/tmp/" in path]

    with site.start() as server, plain_client(server) as client:
        for repository, tag, pushed in history.acknowledged_images():
            check_image(client, repository, tag, pushed, True)
