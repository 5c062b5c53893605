"""The container image: Debian's base system made on the spot, and what the Dockerfile puts on it."""

import shutil
from pathlib import Path

from support.command import run
from support.moorgate import BINARY

SOURCE = Path(__file__).resolve().parents[2]
BASE = "debian:12"


def make_base(docker, folder):
    """Debian 12 as a local image of the name that the Dockerfile builds on."""
    root = folder / "debian"
    try:
        run("debootstrap", "--variant=minbase", "bookworm", root, timeout=900)
        run("tar", "-C", root, "-cf", folder / "debian.tar", ".")
        docker.run("import", folder / "debian.tar", BASE, timeout=600)
    finally:
        shutil.rmtree(root, ignore_errors=True)
        (folder / "debian.tar").unlink(missing_ok=True)


def context_of_the_built_program(folder):
    """A build context with the Dockerfile's last stage, word for word, and the program that the tests
    run in place of the stage that compiles it."""
    _, _, last = (SOURCE / "Dockerfile").read_text().split("FROM debian:12")
    folder.mkdir()
    shutil.copy(BINARY, folder / "moorgate")
    run("strip", folder / "moorgate")
    (folder / "Dockerfile").write_text(
        f"FROM scratch AS build\nCOPY moorgate /source/build/release/moorgate\nFROM {BASE}{last}")
    return folder
