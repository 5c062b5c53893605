#!/usr/bin/env python3
"""Every link in the repository's Markdown leads somewhere, on GitHub as on disk.

    tools/check_links.py [ROOT]

A relative link must name a file of the repository (what git would commit, where there is a git), its #fragment a heading
of that file. Links into the repository are relative: an absolute one breaks in forks, in branches and offline. Links to
elsewhere are not followed.
"""

import posixpath
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

OWN_NAME = "moorgate"

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# [text](target "title"), one pair of parentheses inside the target allowed
INLINE = re.compile(r"\]\(\s*(?:<([^>]*)>|((?:[^\s()]|\([^\s()]*\))*))(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^)]*\)))?\s*\)")
DEFINITION = re.compile(r"^ {0,3}\[(?!\^)([^\]]+)\]:\s*(?:<([^>]*)>|(\S+))")
REFERENCE = re.compile(r"(?<![\w\\])\[([^\[\]]+)\]\[([^\[\]]*)\]")
HTML = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)
HTML_ANCHOR = re.compile(r"<\w+\b[^>]*?\b(?:id|name)\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
HEADING = re.compile(r"^ {0,3}#{1,6}(?:\s+(.*?))?(?:\s+#+)?\s*$")
UNDERLINE = re.compile(r"^ {0,3}(=+|-+)\s*$")
SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*:")
OWN_URL = re.compile(
    rf"^https?://(?:github\.com/[^/]+/{OWN_NAME}/(?:blob|tree|raw|edit)/|raw\.githubusercontent\.com/[^/]+/{OWN_NAME}/)",
    re.IGNORECASE)
LINES = re.compile(r"^L(\d+)(?:C\d+)?(?:-L(\d+)(?:C\d+)?)?$")


def blank(match):
    """Spaces of the same shape, so that line numbers stay."""
    return re.sub(r"[^\n]", " ", match[0])


def prose(text):
    """The text's lines without code and comments."""
    lines, fence = [], None
    for line in COMMENT.sub(blank, text).splitlines():
        match = FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = None
            lines.append("")
        elif match:
            fence = match[1]
            lines.append("")
        else:
            lines.append(line)
    return lines


def slug(heading):
    """GitHub's anchor of a heading."""
    text = re.sub(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", heading)
    text = re.sub(r"<[^>]+>", "", text) if "`" not in text else text
    text = re.sub(r"[^\w\- ]", "", text.strip().lower())
    return text.replace(" ", "-")


def anchors(text):
    found, seen = set(HTML_ANCHOR.findall(text)), {}
    lines = prose(text)
    for index, line in enumerate(lines):
        match = HEADING.match(line)
        heading = match[1] or "" if match else None
        if heading is None and index + 1 < len(lines) and line.strip() and UNDERLINE.match(lines[index + 1]):
            heading = line.strip()
        if heading is None:
            continue
        name = slug(heading)
        count = seen.get(name, 0)
        seen[name] = count + 1
        found.add(f"{name}-{count}" if count else name)
    return found


def links(text):
    """(line, target, None) of every link; (line, None, label) of a reference that nothing defines."""
    lines = [CODE_SPAN.sub(blank, line) for line in prose(text)]
    defined = set()
    for number, line in enumerate(lines, 1):
        match = DEFINITION.match(line)
        if match:
            defined.add(match[1].strip().lower())
            yield number, match[2] or match[3], None
    # A link's text may run over a line's end, its target does not.
    for number, line in enumerate(lines, 1):
        for match in INLINE.finditer(line):
            yield number, match[1] if match[1] is not None else match[2], None
        for target in HTML.findall(line):
            yield number, target, None
        for match in REFERENCE.finditer(line):
            label = match[2] or match[1]
            if label.strip().lower() not in defined:
                yield number, None, label


class Repository:
    def __init__(self, root):
        self.root = root
        self.files = self.list_files()
        self.folders = {"."} | {str(parent) for file in self.files for parent in Path(file).parents}
        self._anchors = {}

    def list_files(self):
        git = ["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        if (self.root / ".git").exists():
            out = subprocess.run(git, check=True, capture_output=True, text=True).stdout
            return {file for file in out.split("\0") if file and (self.root / file).is_file()}
        return {str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()}

    def text(self, file):
        return (self.root / file).read_text(encoding="utf-8")

    def anchors(self, file):
        if file not in self._anchors:
            self._anchors[file] = anchors(self.text(file))
        return self._anchors[file]


def check_fragment(repository, file, fragment):
    if not fragment:
        return None
    if file.endswith(".md"):
        return None if unquote(fragment) in repository.anchors(file) else f"{file} has no heading #{fragment}"
    match = LINES.match(fragment)
    if not match:
        return f"#{fragment} means nothing in {file}"
    last = int(match[2] or match[1])
    count = len(repository.text(file).splitlines())
    return None if last <= count else f"{file} has only {count} lines"


def check_target(repository, source, target):
    """What is wrong with a link from `source` to `target`, or None."""
    if OWN_URL.match(target):
        return "write a link into this repository as a relative one"
    if target.lower().startswith("file:"):
        return "names a file of one machine"
    if SCHEME.match(target) or target.startswith("//"):
        return None
    if target.startswith("/"):
        return "write a link into this repository as a relative one"
    path, _, fragment = target.partition("#")
    path = unquote(path.partition("?")[0])
    if not path:
        return check_fragment(repository, source, fragment) if fragment else "leads nowhere"
    file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if file.startswith(".."):
        return "leads out of the repository"
    if file in repository.folders:
        return check_fragment(repository, f"{file}/README.md", fragment) if fragment else None
    if file not in repository.files:
        return "there is no such file"
    return check_fragment(repository, file, fragment)


def check(root):
    repository = Repository(root)
    problems = []
    for source in sorted(file for file in repository.files if file.endswith(".md")):
        for line, target, label in links(repository.text(source)):
            if target is None:
                problems.append((source, line, f"[{label}] is defined nowhere"))
                continue
            wrong = check_target(repository, source, target)
            if wrong:
                problems.append((source, line, f"{target or '()'}: {wrong}"))
    return [f"{source}:{line}: {text}" for source, line, text in sorted(problems)]


def main(arguments):
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    problems = check(root)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
