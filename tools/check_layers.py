#!/usr/bin/env python3
"""Holds src/ to its layers: who may include whom, where heavy libraries may be named, how large a file may grow.

    tools/check_layers.py [ROOT]

Prints one line per violation and fails when there is any. The tables below are the rule; docs/architecture.md explains it.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

# A folder includes only folders of lower rank.
RANK = {
    "base": 0,
    "config": 1, "crypto": 1, "oci": 1,
    "net": 2,
    "http": 3,
    "auth": 4, "blob": 4, "meta": 4,
    "access": 5, "upstream": 5, "distribution": 5,
    "registry": 6, "gateway": 6, "migrate": 6,
    "mirror": 7,
    "api": 8, "admin": 8, "doctor": 8,
    "app": 9,
}


def below(folder):
    return {other for other in RANK if RANK[other] < RANK[folder]}


# … and of those only these; `base` may be used by all.
MAY_USE = {
    "base": set(),
    "config": set(),
    "crypto": set(),
    "oci": set(),
    "net": {"config", "crypto"},
    "http": {"config", "crypto", "net"},
    "auth": {"config", "crypto", "oci", "net", "http"},
    "blob": {"config", "crypto", "oci", "net", "http"},
    "meta": {"config", "oci", "net"},
    "access": {"config", "oci"},
    # `net` for whom a connection belongs to: a worker, its names, its TLS.
    "upstream": {"config", "net", "http"},
    "distribution": {"config", "oci", "net", "blob", "meta"},
    "registry": {"oci", "blob", "meta"},
    "gateway": {"config", "crypto", "oci", "http", "upstream"},
    "migrate": {"config", "oci", "auth", "access"},
    "mirror": below("mirror"),
    "api": below("api"),
    "admin": below("admin"),
    "doctor": {"oci", "upstream"},
    "app": below("app"),
}

# Single headers of a folder that is otherwise out of reach.
MAY_INCLUDE = {
    "access": {"auth/principal.hpp"},
    "registry": {"access/permit.hpp"},
    "gateway": {"auth/principal.hpp", "access/permit.hpp"},
}

# Tests may use every folder below their own: without an Authorizer there is no Permit to test a Registry with.
TEST = re.compile(r"_test(_kit)?\.[ch]pp$")

# Heavy libraries: (what the include looks like, its name, folders, file kinds that may name it there).
SOURCE, ANY = (".cpp",), (".cpp", ".hpp")
HEAVY = [
    (r"sqlite3\.h$", "SQLite", {"meta"}, SOURCE),
    (r"(postgresql/)?libpq-fe\.h$", "libpq", {"meta"}, SOURCE),
    (r"yaml-cpp/", "yaml-cpp", {"config"}, SOURCE),
    (r"openssl/", "OpenSSL", {"crypto", "net"}, ANY),
    (r"crypt\.h$", "libcrypt", {"auth"}, SOURCE),
    (r"(apr-1(\.0)?/)?(apr|apu)(_\w+)?\.h$", "apr-util", {"auth"}, SOURCE),
    (r"(ldap|lber)\.h$", "libldap", {"auth"}, SOURCE),
    (r"pcre2\.h$", "PCRE2", {"migrate"}, SOURCE),
    (r"CLI/", "CLI11", {"app"}, SOURCE),
    (r"curl/", "libcurl", {"doctor"}, (".hpp",)),
    (r"spdlog/", "spdlog", {"base"}, SOURCE),
    (r"prometheus/", "prometheus-cpp", {"admin"}, SOURCE),
    (r"boost/beast(/|\.hpp$)", "Beast", {"http"}, SOURCE),
]

# Asio's coroutine plumbing is everybody's; sockets, timers and the rest of its I/O belong to `net`.
ASIO = re.compile(r"boost/asio(/|\.hpp$)")
ASIO_PLUMBING = {
    "associated_executor", "async_result", "awaitable", "co_spawn", "detached", "dispatch",
    "executor_work_guard", "io_context", "post", "this_coro", "use_awaitable",
}

MAX_LINES = {".hpp": 300, ".cpp": 600}
MAX_README_LINES = 30

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


class Include:
    def __init__(self, file, line, quoted, angled):
        self.file, self.line, self.quoted, self.angled = file, line, quoted, angled

    @property
    def where(self):
        return f"src/{self.file}:{self.line}"


def includes_of(src, file):
    text = (src / file).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield Include(file, number, match[1], match[2])


def check_layer(include, src):
    own, target = include.file.split("/")[0], include.quoted
    if "/" not in target or not (src / target).is_file():
        yield f'{include.where}: "{target}" is no file of src/; write it as folder/name.hpp, libraries as <…>'
        return
    other = target.split("/")[0]
    if other in {own, "base"} or target in MAY_INCLUDE.get(own, ()):
        return
    if other not in RANK:
        return  # reported once, for the folder
    if RANK[other] >= RANK[own]:
        direction = "sideways" if RANK[other] == RANK[own] else "up"
        yield f"{include.where}: {own} includes {direction}: {target}"
    elif other not in MAY_USE[own] and not TEST.search(include.file):
        yield f"{include.where}: {own} may not use {other}: {target}"


def check_library(include, src):
    name = include.angled
    own, kind = include.file.split("/")[0], Path(include.file).suffix
    if (src / name).is_file():
        yield f'{include.where}: <{name}> is our own; write "{name}"'
    for pattern, library, folders, kinds in HEAVY:
        if re.match(pattern, name) and (own not in folders or kind not in kinds):
            files = " and ".join(f"src/{folder}/*{suffix}" for folder in sorted(folders) for suffix in kinds)
            yield f"{include.where}: {library} is named only in {files}"
    if ASIO.match(name) and own != "net":
        header = name.removeprefix("boost/asio/").removesuffix(".hpp")
        if header not in ASIO_PLUMBING:
            yield f"{include.where}: Asio's I/O belongs to net: <{name}>"


def find_cycle(graph):
    """Some cycle of the graph as a list that ends where it begins, or None."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        for after in sorted(graph.get(node, ())):
            cycle = visit(after)
            if cycle:
                return cycle
        path.pop()
        done.add(node)
        return None

    for node in sorted(graph):
        cycle = visit(node)
        if cycle:
            return cycle
    return None


def check_cycles(includes):
    files, folders = defaultdict(set), defaultdict(set)
    for include in includes:
        if not include.quoted:
            continue
        files[include.file].add(include.quoted)
        own, other = include.file.split("/")[0], include.quoted.split("/")[0]
        if own != other:
            folders[own].add(other)
    for what, graph in (("files", files), ("folders", folders)):
        cycle = find_cycle(graph)
        if cycle:
            yield f"src: {what} include one another: " + " -> ".join(cycle)


def check_sizes(src, files):
    for file in files:
        lines = len((src / file).read_text(encoding="utf-8").splitlines())
        limit = MAX_LINES[Path(file).suffix]
        if lines > limit:
            yield f"src/{file}: {lines} lines, more than {limit}; split it"


def check_folders(src, folders):
    for folder in folders:
        if folder not in RANK:
            yield f"src/{folder}: stands in no rank of tools/check_layers.py"
        readme = src / folder / "README.md"
        if not readme.is_file():
            yield f"src/{folder}: has no README.md"
            continue
        lines = len(readme.read_text(encoding="utf-8").splitlines())
        if lines > MAX_README_LINES:
            yield f"src/{folder}/README.md: {lines} lines, more than {MAX_README_LINES}"


def check_tables():
    for folder, used in MAY_USE.items():
        for other in used:
            if RANK[other] >= RANK[folder]:
                yield f"tools/check_layers.py: {folder} may use {other}, which is not below it"


def check(root):
    src = root / "src"
    files = sorted(str(p.relative_to(src)) for p in src.rglob("*") if p.suffix in MAX_LINES)
    if not files:
        return [f"{src}: no sources found"]
    inside = [file for file in files if "/" in file]
    problems = [f"src/{file}: belongs into a folder" for file in files if "/" not in file]
    includes = [include for file in inside for include in includes_of(src, file)]
    problems += check_tables()
    problems += check_folders(src, sorted({file.split("/")[0] for file in inside}))
    for include in includes:
        if include.file.split("/")[0] in RANK:
            problems += check_layer(include, src) if include.quoted else check_library(include, src)
    problems += check_cycles(includes)
    problems += check_sizes(src, inside)
    return problems


def main(arguments):
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    problems = check(root)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
