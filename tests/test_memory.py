"""Memory stays bounded whatever the size of the blobs and the number of clients."""

import hashlib
import threading

import pytest

from support.images import noise
from support.moorgate import Site
from support.registry import OCTETS, blob_path

LIMIT = 150_000_000
GIBIBYTE = 1 << 30
PULLERS = 200
WHOLE_PULLERS = 6
SLICE = 8 << 20
PUSHERS = 20
# What is bounded here is memory; a slow machine may take its time.
PATIENCE = 600

# A large blob is this block over and over, and at its end something of its own.
BLOCK = memoryview(noise(32 << 20, "block"))
TAIL = 64


def tail_of(number):
    return noise(TAIL, f"tail {number}")


@pytest.fixture(scope="session")
def digests():
    """Digest by the tail's number; what the blobs share is hashed once."""
    common = hashlib.sha256()
    for _ in range(GIBIBYTE // len(BLOCK) - 1):
        common.update(BLOCK)
    common.update(BLOCK[:-TAIL])

    def digest(number):
        own = common.copy()
        own.update(tail_of(number))
        return f"sha256:{own.hexdigest()}"
    return digest


@pytest.fixture
def server(folder, authority):
    site = Site(folder, authority)
    site.config["listen"].append({"address": f"unix:{folder}/plain.sock", "tls": "off"})
    # Those who wait for the others do not read meanwhile.
    site.config["limits"] = {"send_timeout": f"{PATIENCE}s"}
    with site.start() as running:
        yield running


def endpoint(server, number):
    """Every other client speaks TLS."""
    return server.endpoint(unix=number % 2 == 0)


def push(server, digests, number):
    with server.client("pusher", endpoint=endpoint(server, number), timeout=PATIENCE) as client:
        upload = client.start_upload("large/app")
        with client.connect() as connection:
            connection.send_head("PUT", f"{upload}?digest={digests(number)}", [
                *client.authorization, OCTETS, ("Content-Length", GIBIBYTE)])
            step = 1 << 20
            for at in range(0, GIBIBYTE - step, step):
                connection.send(BLOCK[at % len(BLOCK):at % len(BLOCK) + step])
            connection.send(BLOCK[-step:-TAIL])
            connection.send(tail_of(number))
            response = connection.read_response("PUT")
            assert (response.status, response.header("Docker-Content-Digest")) == (201, digests(number))


def in_parallel(count, work):
    """Runs work(number) in so many threads; the first failure is the test's."""
    failures = []

    def guarded(number):
        try:
            work(number)
        except BaseException as failure:  # noqa: BLE001 - handed on below
            failures.append(failure)
    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def check_memory(server):
    most = server.memory("VmHWM")
    print(f"resident at most: {most / 1e6:.0f} MB")
    assert most < LIMIT


def read_and_hash(connection, count, into):
    """Takes the next `count` bytes of a body in small steps."""
    step = 1 << 18
    while count > 0:
        piece = connection.read_exactly(min(step, count))
        into.update(piece)
        count -= len(piece)


def test_two_hundred_pulls_of_a_gibibyte_at_once(server, digests):
    push(server, digests, 0)
    all_in_the_midst = threading.Barrier(PULLERS, timeout=PATIENCE / 2)

    def pull(number):
        with server.client("reader", endpoint=endpoint(server, number), timeout=PATIENCE) as client, \
                client.connect() as connection:
            connection.send_head("GET", blob_path("large/app", digests(0)), client.authorization)
            assert connection.read_head().status == 200
            seen = hashlib.sha256()
            read_and_hash(connection, SLICE // 2, seen)
            all_in_the_midst.wait()
            read_and_hash(connection, SLICE // 2, seen)
            if number < WHOLE_PULLERS:
                read_and_hash(connection, GIBIBYTE - SLICE, seen)
                assert f"sha256:{seen.hexdigest()}" == digests(0)

    in_parallel(PULLERS, pull)
    check_memory(server)


def test_twenty_pushes_of_a_gibibyte_at_once(server, digests):
    in_parallel(PUSHERS, lambda number: push(server, digests, number))
    check_memory(server)

    def pull(number):
        with server.client("reader", endpoint=server.endpoint(unix=True), timeout=PATIENCE) as client, \
                client.connect() as connection:
            connection.send_head("GET", blob_path("large/app", digests(number)), client.authorization)
            assert connection.read_head().status == 200
            seen = hashlib.sha256()
            read_and_hash(connection, GIBIBYTE, seen)
            assert f"sha256:{seen.hexdigest()}" == digests(number)

    in_parallel(3, pull)
    with server.client("reader") as client:
        for number in range(PUSHERS):
            response = client.head(blob_path("large/app", digests(number)))
            assert (response.status, response.header("Content-Length")) == (200, str(GIBIBYTE))
    check_memory(server)
