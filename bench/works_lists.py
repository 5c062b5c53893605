"""Pages of tags and repositories, and start-up, when there is very much of everything."""

import json
import shutil
import time

import fill
import load
from contestants import DockerRegistry, Moorgate
from measure import WrongAnswer, settle
from work import Figure, Target, Work

PAGE = 100
READERS = 8
BLOB_FILES = 50_000
METADATA = "registry/.moorgate/metadata.db"
SHORT = {1_000: "1k", 100_000: "100k", 1_000_000: "1m", 10_000: "10k"}


def stores(bench, kind):
    """{size: contestant} of one kind, filled; made once and started."""
    return bench.kept.setdefault(f"many {kind}", {})


def sizes(bench, kind):
    return [size for size in bench.list_sizes if kind == "moorgate" or size <= bench.largest_tree]


def prepare_lists(bench):
    site = bench.site
    for size in sizes(bench, "moorgate"):
        if size in stores(bench, "moorgate"):
            continue
        contestant = Moorgate(site, bench.binary, f"moorgate-{size}")
        contestant.start()  # makes the tables
        contestant.stop()
        fill.fill_moorgate_names(contestant.folder / METADATA, site.manifest_digest, len(site.manifest), size)
        stores(bench, "moorgate")[size] = contestant
    for size in sizes(bench, "registry"):
        if size in stores(bench, "registry"):
            continue
        contestant = DockerRegistry(site, f"registry-{size}")
        fill.fill_distribution_names(contestant.folder / "registry", site.manifest_digest, size)
        stores(bench, "registry")[size] = contestant
    for kind in "moorgate", "registry":
        for contestant in stores(bench, kind).values():
            contestant.start()


def stop_lists(bench):
    for kind in "moorgate", "registry":
        for contestant in stores(bench, kind).values():
            contestant.stop()


def page(bench, contestant, path, key, expected, in_order=True):
    """Milliseconds for one page when so many ask that no thread sleeps: with one client, how long threads take to
    wake each other says more than the store."""
    answer = contestant.fetch("GET", path)
    names = json.loads(answer.content)[key]
    if (names if in_order else sorted(names)) != expected:
        raise WrongAnswer(f"{contestant}: GET {path}: not the names that were expected")
    rate = load.tool("requests", contestant, path=path, length=len(answer.content), connections=READERS,
                     seconds=bench.seconds)["rate"]
    settle(contestant.pids())  # some go on with what nobody waits for any longer
    return 1e3 / rate


def tags_page(bench, contestant, size):
    middle = size // 2
    path = f"/v2/{fill.TAGGED}/tags/list?n={PAGE}&last={fill.tag(middle)}"
    if contestant.name == "registry":  # knows no pages of tags: always all of them, as the folder has them
        return page(bench, contestant, path, "tags", [fill.tag(i) for i in range(size)], in_order=False)
    return page(bench, contestant, path, "tags", [fill.tag(i) for i in range(middle + 1, middle + 1 + PAGE)])


def catalog_page(bench, contestant, size):
    middle = size // 2
    expected = [fill.repository(i) for i in range(middle + 1, middle + 1 + PAGE)]
    return page(bench, contestant, f"/v2/_catalog?n={PAGE}&last={fill.repository(middle)}", "repositories", expected)


def list_work(key, title, get_page):
    def measure(bench, contestant):
        found = {}
        for size, filled in stores(bench, contestant.name).items():
            found[SHORT[size]] = get_page(bench, filled, size)
        found["growth"] = max(found.values()) / min(found.values())
        return found
    figures = tuple(Figure(short, f"ms at {short}", digits=3) for short in SHORT.values())
    return Work(key, title, ("registry", "moorgate"), (*figures, Figure("growth", "slowest : fastest", digits=2)),
                (Target("growth", at_most=1.2), Target("100k", "registry", at_least=100)), measure,
                prepare=prepare_lists, clean_up=stop_lists,
                note=f"Milliseconds a page while {READERS} clients ask for it again and again.")


# ---- start-up

def kinds(bench):
    return {"registry": lambda store: DockerRegistry(bench.site, store),
            "moorgate": lambda store: Moorgate(bench.site, bench.binary, store)}


def prepare_starts(bench):
    for name, make in kinds(bench).items():
        empty, full = make(f"{name}-empty"), make(f"{name}-full")
        for contestant in empty, full:
            contestant.start()
            contestant.stop()
        if name == "moorgate":
            fill.fill_moorgate_blobs(full.folder / METADATA, bench.start_blobs)
        fill.fill_blob_files(full.folder / "registry", min(BLOB_FILES, bench.start_blobs))
        bench.kept[f"starts {name}"] = (empty, full)


def time_start(contestant):
    start = time.monotonic()
    contestant.start()
    seconds = time.monotonic() - start
    contestant.stop()
    return seconds * 1e3


def starts(bench, contestant):
    empty, full = bench.kept[f"starts {contestant.name}"]
    new = kinds(bench)[contestant.name](f"{contestant.name}-new")
    found = {"new": time_start(new), "empty": time_start(empty), "full": time_start(full)}
    shutil.rmtree(new.folder)
    return {**found, "growth": found["full"] / found["empty"]}


# ---- moving in

def prepare_adoption(bench):
    contestant = Moorgate(bench.site, bench.binary, "moorgate-adopting")
    fill.fill_distribution_images(contestant.folder / "registry", bench.adopted_repositories, 100)
    bench.kept["adopting"] = contestant


def adopt(bench, _):
    """The rate of a start that finds Docker's registry in its folder and reads it from a warm cache."""
    contestant = bench.kept["adopting"]
    shutil.rmtree(contestant.folder / "registry/.moorgate", ignore_errors=True)
    contestant.start()
    log = contestant.processes[0].log
    contestant.stop()
    done = [line for line in map(json.loads, log.read_text().splitlines()) if "adopted in place" in line["message"]][-1]
    if done["manifests"] != bench.adopted_repositories * 100 or done["unusable"]:
        raise WrongAnswer(f"adopted {done}")
    return {"rate": done["files"] / done["seconds"], "files": done["files"]}


WORKS = (
    list_work("tags_page", "page of 100 tags from the middle", tags_page),
    list_work("catalog_page", "page of 100 repositories from the middle", catalog_page),
    Work("start", "start to first answer", ("registry", "moorgate"),
         (Figure("new", "ms, new folder", digits=0), Figure("empty", "ms, no blobs", digits=0),
          Figure("full", "ms, 1 M blobs", digits=0), Figure("growth", "1 M : none", digits=2)),
         (Target("empty", "registry", at_least=1), Target("full", "registry", at_least=1),
          Target("growth", at_most=1.2)), starts, prepare=prepare_starts,
         note="1 M blobs are 1 M rows of metadata for Moorgate and, for both, 50,000 blob folders with empty "
              "files: neither program looks at blobs when it starts, and this shows that it does not."),
    Work("adoption", "adopting a folder of docker-registry", ("moorgate",),
         (Figure("rate", "files/s", more_is_better=True, digits=0), Figure("files", "files", digits=0)),
         (Target("rate", at_least=50_000),), adopt, prepare=prepare_adoption),
)
