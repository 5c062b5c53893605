#!/usr/bin/env python3
"""clang-tidy over every source of the product, but for tests.

    tools/check_tidy.py BUILD_FOLDER [ROOT]

Takes the compiler's options from BUILD_FOLDER/compile_commands.json and the checks from ROOT/.clang-tidy. What was
found clean is remembered under $XDG_CACHE_HOME by a hash of all that clang-tidy sees, so that only what has changed
since is looked at again: a whole run takes ten minutes on two cores.
"""

import hashlib
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TIDY, CLANG = "clang-tidy-19", "clang++-19"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moorgate-tidy"


def commands_of(build, root):
    """Every source to look at, with its command and the folder that runs in."""
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        source = Path(entry["directory"], entry["file"]).resolve()
        if source.is_relative_to(root / "src") and not source.stem.endswith("_test"):
            yield source, shlex.split(entry["command"]), entry["directory"]


def preprocessed(command, directory):
    """The translation unit without line markers, which name the checkout, but with comments, which may say NOLINT."""
    words, kept = iter(command[1:]), []
    for word in words:
        if word in ("-o", "-MF", "-MT", "-MQ"):
            next(words)
        elif word not in ("-c", "-MD", "-MMD"):
            kept.append(word)
    return subprocess.run([CLANG, *kept, "-E", "-P", "-C"], cwd=directory, capture_output=True, check=True).stdout


def look_at(source, command, directory, build, rules):
    """What clang-tidy says of the source; empty if it is clean."""
    try:
        unit = preprocessed(command, directory)
    except subprocess.CalledProcessError as failed:
        return failed.stderr.decode(errors="replace")
    options = " ".join(word for word in command if word.startswith(("-D", "-W", "-std", "-f")))
    clean = CACHE / hashlib.sha256(b"\0".join((rules, source.name.encode(), options.encode(), unit))).hexdigest()
    if clean.exists():
        return ""
    done = subprocess.run([TIDY, "-quiet", "-p", str(build), str(source)], capture_output=True, text=True, check=False)
    if done.returncode == 0 and not done.stdout.strip():
        clean.touch()
        return ""
    return done.stdout or done.stderr


def check(build, root):
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    rules = version + (root / ".clang-tidy").read_bytes()
    CACHE.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(look_at, *command, build, rules) for command in commands_of(build, root)]
        return [job.result() for job in jobs] or [f"{build}/compile_commands.json: holds no source of {root}"]


def main(arguments):
    if not arguments:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    root = Path(arguments[1]) if len(arguments) > 1 else Path(__file__).resolve().parent.parent
    findings = [text for text in check(Path(arguments[0]).resolve(), root.resolve()) if text]
    print("\n".join(findings), end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
