#!/usr/bin/env python3
"""Every header of src/ compiles alone, so that nobody has to know what to include before it.

    tools/check_headers.py BUILD_FOLDER [ROOT]

Takes the compiler and its options from BUILD_FOLDER/compile_commands.json: those of a source in the header's folder, or
of any source where that folder has none. Compiles to BUILD_FOLDER/headers, so that ccache knows what has not changed.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def options_of(command):
    """The command without its input, its output and what only costs time here."""
    kept, words = [], iter(shlex.split(command))
    for word in words:
        if word in ("-o", "-MF", "-MT", "-MQ"):
            next(words)
        elif word in ("-c", "-MD", "-MMD", "--") or word.endswith((".cpp", ".cc", ".c")):
            continue
        elif not word.startswith(("-O", "-g", "-fsanitize", "-fno-sanitize")):
            kept.append(word)
    # CMake leaves its launcher out of the file.
    launcher = shutil.which("ccache")
    return [launcher] + kept if launcher and Path(kept[0]).name != "ccache" else kept


def commands_by_folder(build):
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    found = {}
    for entry in entries:
        command = entry.get("command") or shlex.join(entry["arguments"])
        folder = str(Path(entry["directory"], entry["file"]).resolve().parent)
        found.setdefault(folder, (options_of(command), entry["directory"]))
    return found


def compile_alone(header, work, options, directory):
    # Through an including file: a header given as the input itself would not be protected by #pragma once.
    source = work / f"{header.parent.name}_{header.stem}.cpp"
    text = f'#include "{header}"\n'
    if not source.is_file() or source.read_text(encoding="utf-8") != text:
        source.write_text(text, encoding="utf-8")
    command = options + ["-O0", "-c", str(source), "-o", str(source.with_suffix(".o"))]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    return next((line for line in done.stderr.splitlines() if "error:" in line), done.stderr.strip())


def check(build, root):
    commands = commands_by_folder(build)
    if not commands:
        return [f"{build}/compile_commands.json: holds no command"]
    headers = sorted((root / "src").resolve().rglob("*.hpp"))
    work = build.resolve() / "headers"
    work.mkdir(exist_ok=True)

    def check_one(header):
        options, directory = commands.get(str(header.parent)) or next(iter(commands.values()))
        return compile_alone(header, work, options, directory)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(check_one, headers)
        return [f"{header.relative_to(root.resolve())}: does not compile alone: {wrong}"
                for header, wrong in zip(headers, results) if wrong]


def main(arguments):
    if not arguments:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    root = Path(arguments[1]) if len(arguments) > 1 else Path(__file__).resolve().parent.parent
    problems = check(Path(arguments[0]), root)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
