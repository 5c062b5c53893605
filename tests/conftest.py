"""Fixtures that most of the end-to-end tests share."""

import itertools
import tempfile
from pathlib import Path

import pytest

from support.certificates import Authority
from support.moorgate import Site


@pytest.fixture(scope="session")
def authority():
    with tempfile.TemporaryDirectory(prefix="moorgate-test-") as folder:
        yield Authority(folder)


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="moorgate-test-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def module_folder():
    with tempfile.TemporaryDirectory(prefix="moorgate-test-") as name:
        yield Path(name)


@pytest.fixture
def site(folder, authority):
    """A site of the test's own, not started."""
    return Site(folder, authority)


@pytest.fixture(scope="module")
def server(module_folder, authority):
    """One server for all tests of a file: owner may do all, pusher push, reader pull."""
    with Site(module_folder, authority).start() as running:
        yield running


@pytest.fixture
def owner(server):
    with server.client("owner") as client:
        yield client


@pytest.fixture
def pusher(server):
    with server.client("pusher") as client:
        yield client


@pytest.fixture
def reader(server):
    with server.client("reader") as client:
        yield client


@pytest.fixture
def anonymous(server):
    with server.client() as client:
        yield client


names = itertools.count(1)


@pytest.fixture
def repository():
    """A repository's name that no other test uses."""
    return f"team/app-{next(names)}"


@pytest.fixture(params=["sha256", "sha512"])
def algorithm(request):
    """Both digest algorithms a registry must know."""
    return request.param
