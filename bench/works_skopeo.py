"""Whole images by a real client."""

import gzip
import hashlib
import itertools
import json
import os
import shutil
import time

import load
from measure import Watch, WrongAnswer
from shared import HOST, MANIFEST_TYPE, MIB, PASSWORD, USER
from work import Figure, Target, Work

FIGURES = (Figure("seconds", "s", digits=2), Figure("client", "of it skopeo's own CPU, s", digits=2),
           Figure("cpu", "server CPU, s", digits=2))
LAYERS = 20
NAME = "bench/skopeo"
_numbers = itertools.count()


def write(folder, content):
    digest = hashlib.sha256(content).hexdigest()
    (folder / digest).write_bytes(content)
    return {"digest": "sha256:" + digest, "size": len(content)}


def make_image(bench):
    """A folder as skopeo's dir: transport has it, with layers that nobody has seen before."""
    folder = bench.site.subfolder(f"image-{next(_numbers)}")
    layers = [write(folder, gzip.compress(os.urandom(bench.layer_size), 0)) for _ in range(LAYERS)]
    config = write(folder, json.dumps({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [each["digest"] for each in layers]}}).encode())
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE,
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
                "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **each} for each in layers]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "version").write_text("Directory Transport Version: 1.1\n")
    return folder


def copy(bench, contestant, side, *what):
    """Runs `skopeo copy`; the registry is its `side` (src or dest)."""
    trusted = bench.site.subfolder("trusted")
    shutil.copy(bench.site.certificate, trusted / "ca.crt")
    with Watch(contestant) as watch:
        start = time.monotonic()
        out, error, status, cpu = load.finish(
            ["skopeo", "--insecure-policy", "copy", "--quiet", f"--{side}-cert-dir", trusted,
             f"--{side}-creds", f"{USER}:{PASSWORD}", *what])
        seconds = time.monotonic() - start
    if status != 0:
        raise WrongAnswer(f"{contestant}: skopeo: {out}{error}"[:600])
    return {"seconds": seconds, "client": cpu, "cpu": watch.usage.cpu}


def reference(contestant, tag):
    return f"docker://{HOST}:{contestant.tls}/{NAME}:{tag}"


def push(bench, contestant):
    folder, tag = make_image(bench), f"t{next(_numbers)}"
    os.sync()
    try:
        found = copy(bench, contestant, "dest", f"dir:{folder}", reference(contestant, tag))
        pushed = contestant.fetch("GET", f"/v2/{NAME}/manifests/{tag}").content
        if pushed != (folder / "manifest.json").read_bytes():
            raise WrongAnswer(f"{contestant}: the pushed manifest is another one")
        return found
    finally:
        shutil.rmtree(folder)


def prepare_pull(bench):
    folder = make_image(bench)
    for name in "recipe", "registry", "moorgate":
        contestant = bench.contestants[name]
        copy(bench, contestant, "dest", f"dir:{folder}", reference(contestant, "pulled"))
    shutil.rmtree(folder)


def pull(bench, contestant):
    folder = bench.site.subfolder(f"pulled-{next(_numbers)}")
    try:  # skopeo checks every digest by itself
        return copy(bench, contestant, "src", reference(contestant, "pulled"), f"dir:{folder}")
    finally:
        shutil.rmtree(folder)


THREE = ("recipe", "registry", "moorgate")
WORKS = (
    Work("skopeo_push", f"skopeo pushes an image of {LAYERS} layers", THREE, FIGURES,
         (Target("seconds", "recipe", at_least=1.5),), push),
    Work("skopeo_pull", f"skopeo pulls an image of {LAYERS} layers", THREE, FIGURES,
         (Target("seconds", "recipe", at_least=1.5),), pull, prepare=prepare_pull),
)
