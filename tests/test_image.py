"""The whole Dockerfile, compiler and all: run by `ctest -C Image`, because it takes as long as a build."""

from support.command import said
from support.docker import DockerEngine
from support.image import SOURCE, make_base


def test_the_dockerfile_builds_a_program_that_runs(folder):
    engine = DockerEngine(folder)
    try:
        docker = engine.client("image")
        make_base(docker, folder)
        docker.run("build", "--network", "host", "-t", "moorgate", SOURCE, timeout=7200)
        assert said(docker.run("run", "--rm", "moorgate", "version")).startswith("moorgate ")
    finally:
        engine.stop()
