"""A client of the registry API: the verbs tests need, with every answer checked for what all must keep."""

import base64
from urllib.parse import quote, urlencode, urlsplit

from support.command import eventually
from support.http import Connection, ConnectionClosed
from support.images import digest_of

OCTETS = ("Content-Type", "application/octet-stream")


def basic(user, secret):
    token = base64.b64encode(f"{user}:{secret}".encode()).decode()
    return ("Authorization", f"Basic {token}")


class Registry:
    """One user's view of a server, over one kept-alive connection."""

    def __init__(self, endpoint, credentials=None, timeout=60):
        self.endpoint = endpoint
        self.authorization = [basic(*credentials)] if credentials else []
        self.timeout = timeout
        self._connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._connection:
            self._connection.close()
            self._connection = None

    def connect(self):
        return Connection(self.endpoint, self.timeout)

    def request(self, method, target, headers=(), body=None, **query):
        """Sends one request and checks that the answer is one a registry may give."""
        if query:
            target += ("&" if "?" in target else "?") + urlencode(query, doseq=True)
        if self._connection is None:
            self._connection = self.connect()
        try:
            response = self._connection.request(method, target, [*self.authorization, *headers], body)
        except (OSError, ConnectionClosed):
            self.close()
            raise
        if (response.header("Connection") or "").lower() == "close":
            self.close()
        self.check(method, target, response)
        return response

    def check(self, method, target, response):
        """What each answer must keep; a client of another program asks less."""
        check_answer(method, target, response)

    def get(self, target, headers=(), **query):
        return self.request("GET", target, headers, **query)

    def head(self, target, headers=(), **query):
        return self.request("HEAD", target, headers, **query)

    def delete(self, target, headers=()):
        return self.request("DELETE", target, headers)

    # ---- blobs

    def blob(self, repository, digest, headers=()):
        return self.get(blob_path(repository, digest), headers)

    def start_upload(self, repository, **query):
        """A new upload session's location."""
        response = self.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"", **query)
        assert response.status == 202, response
        return location(response)

    def append(self, upload, data, start=None):
        """One PATCH: a chunk at `start`, or a stream's next bytes without one."""
        headers = [OCTETS]
        if start is not None:
            headers.append(("Content-Range", f"{start}-{start + len(data) - 1}"))
        return self.request("PATCH", upload, headers, data)

    def upload_offset(self, upload):
        """Bytes that the session has, as a client learns it that wants to go on."""
        response = self.get(upload)
        assert response.status == 204, response
        last = int(response.header("Range").removeprefix("0-"))
        return last + 1 if last else 0

    def resume_upload(self, upload, data):
        """Sends of `data` what the session does not have yet, as soon as it is free: the server may
        still be busy with what a broken connection left. Returns the offset it went on from."""
        def go_on():
            at = self.upload_offset(upload)
            return (at,) if self.append(upload, data[at:], at).status == 202 else None
        return eventually(go_on, "the upload session is free again")[0]

    def finish_upload(self, upload, digest, data=b"", headers=()):
        return self.request("PUT", upload, [OCTETS, *headers], data, digest=digest)

    def push_blob(self, repository, data, algorithm="sha256"):
        digest = digest_of(data, algorithm)
        response = self.finish_upload(self.start_upload(repository), digest, data)
        assert response.status == 201, response
        return digest

    # ---- manifests

    def manifest(self, repository, reference, headers=()):
        return self.get(manifest_path(repository, reference), headers)

    def put_manifest(self, repository, reference, manifest, headers=(), **query):
        return self.request("PUT", manifest_path(repository, reference),
                            [("Content-Type", manifest.media_type), *headers], manifest.data, **query)

    def push_manifest(self, repository, reference, manifest, **query):
        response = self.put_manifest(repository, reference, manifest, **query)
        assert response.status == 201, response
        return response

    def push_image(self, repository, reference, image):
        """An image: its blobs first, then its manifest."""
        for blob in image.blobs:
            self.push_blob(repository, blob.data, blob.algorithm)
        return self.push_manifest(repository, reference, image.manifest)

    # ---- lists

    def tags(self, repository, **query):
        return self.get(f"/v2/{repository}/tags/list", **query)

    def referrers(self, repository, digest, **query):
        return self.get(f"/v2/{repository}/referrers/{digest}", **query)

    def catalog(self, **query):
        return self.get("/v2/_catalog", **query)


def blob_path(repository, digest):
    return f"/v2/{repository}/blobs/{quote(digest, safe=':')}"


def manifest_path(repository, reference):
    return f"/v2/{repository}/manifests/{quote(reference, safe=':')}"


def location(response):
    """Where an answer points: path and query. Absolute ones would break behind a proxy."""
    value = response.header("Location")
    assert value and value.startswith("/v2/"), f"Location: {value}"
    return value


def next_page(response):
    """Target of the answer's Link to the next page, or None."""
    link = response.header("Link")
    if link is None:
        return None
    url, relation = link.split(">; ", 1)
    assert url.startswith("<") and relation == 'rel="next"', link
    parts = urlsplit(url[1:])
    return f"{parts.path}?{parts.query}"


def check_answer(method, target, response):
    """What holds for every answer below /v2/, whatever was asked."""
    if not target.startswith("/v2/"):
        return
    assert response.header("Docker-Distribution-Api-Version") == "registry/2.0", (method, target, response)
    if response.status >= 400 and method != "HEAD":
        kind = response.header("Content-Type").partition(";")[0]
        assert kind == "application/json", (method, target, response)
        for error in response.json()["errors"]:
            assert error["code"].isupper() and error["message"], (method, target, response)
    if response.status == 401:
        challenge = response.header("WWW-Authenticate")
        assert challenge.startswith('Basic realm="') and challenge.endswith(', charset="UTF-8"'), challenge
