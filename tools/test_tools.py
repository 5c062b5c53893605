"""Each checker passes a good tree and names what is wrong with a bad one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def run(tool, *arguments):
    command = [sys.executable, str(TOOLS / tool), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    assert done.returncode == (1 if done.stdout else 0)
    return done.stdout


GOOD_SOURCES = {
    "src/base/error.hpp": "#pragma once\n#include <string>\n",
    "src/base/task.hpp": "#pragma once\n#include <boost/asio/awaitable.hpp>\n",
    "src/base/log.cpp": "#include <spdlog/async_logger.h>\n",
    "src/oci/digest.hpp": '#pragma once\n#include "base/error.hpp"\n',
    "src/net/stream.hpp": '#pragma once\n#include <boost/asio/ip/tcp.hpp>\n#include "base/task.hpp"\n',
    "src/http/exchange.hpp": '#pragma once\n#include "net/stream.hpp"\n',
    "src/auth/principal.hpp": '#pragma once\n#include "oci/digest.hpp"\n',
    "src/auth/users.hpp": '#pragma once\n#include "auth/principal.hpp"\n#include "http/exchange.hpp"\n',
    "src/access/permit.hpp": '#pragma once\n#include "auth/principal.hpp"\n',
    "src/access/authorizer.hpp": '#pragma once\n#include "access/permit.hpp"\n',
    "src/meta/sqlite.cpp": '#include <sqlite3.h>\n#include "oci/digest.hpp"\n',
    "src/registry/registry.hpp": '#pragma once\n#include "access/permit.hpp"\n',
    "src/registry/registry_test.cpp": '#include "access/authorizer.hpp"\n',
    "src/CMakeLists.txt": "",
} | {f"src/{folder}/README.md": "# it\n" for folder in
     ("base", "oci", "net", "http", "auth", "access", "meta", "registry")}

BAD_SOURCES = {
    "up": ({"src/oci/a.hpp": '#include "http/exchange.hpp"\n'}, "src/oci/a.hpp:1: oci includes up"),
    "sideways": ({"src/auth/a.cpp": '\n#include "meta/a.hpp"\n', "src/meta/a.hpp": ""},
                 "src/auth/a.cpp:2: auth includes sideways"),
    "not in the table": ({"src/meta/a.hpp": '#include "http/exchange.hpp"\n'}, "meta may not use http"),
    "another header than the allowed one": ({"src/access/a.cpp": '# include "auth/users.hpp"\n'},
                                            "access may not use auth"),
    "tests go up neither": ({"src/oci/a_test.cpp": '#include "net/stream.hpp"\n'}, "oci includes up"),
    "no such file": ({"src/oci/a.cpp": '#include "oci/gone.hpp"\n'}, '"oci/gone.hpp" is no file of src/'),
    "without its folder": ({"src/oci/a.cpp": '#include "digest.hpp"\n'}, '"digest.hpp" is no file of src/'),
    "own header in angles": ({"src/oci/a.cpp": "#include <base/error.hpp>\n"}, "is our own"),
    "cycle": ({"src/oci/a.hpp": '#include "oci/b.hpp"\n', "src/oci/b.hpp": '#include "oci/a.hpp"\n'},
              "oci/a.hpp -> oci/b.hpp -> oci/a.hpp"),
    "sqlite in a header": ({"src/meta/a.hpp": "#include <sqlite3.h>\n"}, "SQLite is named only in src/meta/*.cpp"),
    "sqlite elsewhere": ({"src/auth/a.cpp": "#include <sqlite3.h>\n"}, "SQLite is named only in"),
    "yaml elsewhere": ({"src/auth/a.cpp": "#include <yaml-cpp/yaml.h>\n"}, "yaml-cpp is named only in"),
    "openssl elsewhere": ({"src/http/a.cpp": "#include <openssl/ssl.h>\n"}, "OpenSSL is named only in"),
    "crypt elsewhere": ({"src/http/a.cpp": "#include <crypt.h>\n"}, "libcrypt is named only in"),
    "apr in a header": ({"src/auth/a.hpp": "#include <apr_md5.h>\n"}, "apr-util is named only in"),
    "cli elsewhere": ({"src/http/a.cpp": "#include <CLI/CLI.hpp>\n"}, "CLI11 is named only in"),
    "spdlog in a header": ({"src/base/a.hpp": "#include <spdlog/spdlog.h>\n"}, "spdlog is named only in"),
    "prometheus elsewhere": ({"src/http/a.cpp": "#include <prometheus/counter.h>\n"}, "prometheus-cpp is named"),
    "beast elsewhere": ({"src/net/a.cpp": "#include <boost/beast/http.hpp>\n"}, "Beast is named only in"),
    "socket elsewhere": ({"src/http/a.cpp": "#include <boost/asio/ip/tcp.hpp>\n"}, "Asio's I/O belongs to net"),
    "timer elsewhere": ({"src/auth/a.cpp": "#include <boost/asio/steady_timer.hpp>\n"}, "Asio's I/O belongs to net"),
    "all of asio": ({"src/auth/a.cpp": "#include <boost/asio.hpp>\n"}, "Asio's I/O belongs to net"),
    "long header": ({"src/oci/a.hpp": "\n" * 301}, "src/oci/a.hpp: 301 lines, more than 300"),
    "long source": ({"src/oci/a.cpp": "\n" * 601}, "src/oci/a.cpp: 601 lines, more than 600"),
    "long readme": ({"src/oci/README.md": "\n" * 31}, "src/oci/README.md: 31 lines, more than 30"),
    "no readme": ({"src/config/a.hpp": ""}, "src/config: has no README.md"),
    "no rank": ({"src/utils/a.hpp": "", "src/utils/README.md": ""}, "src/utils: stands in no rank"),
    "no folder": ({"src/a.hpp": ""}, "src/a.hpp: belongs into a folder"),
}


def test_layers_pass_a_good_tree(tmp_path):
    write(tmp_path, GOOD_SOURCES)
    assert run("check_layers.py", tmp_path) == ""


@pytest.mark.parametrize("name", BAD_SOURCES)
def test_layers_fail_on(name, tmp_path):
    files, message = BAD_SOURCES[name]
    write(tmp_path, GOOD_SOURCES | files)
    assert message in run("check_layers.py", tmp_path)


def test_layers_fail_on_a_tree_without_sources(tmp_path):
    assert "no sources found" in run("check_layers.py", tmp_path)


def test_layers_report_everything_at_once(tmp_path):
    write(tmp_path, GOOD_SOURCES)
    for files, _ in (BAD_SOURCES[name] for name in ("no folder", "no rank", "long readme")):
        write(tmp_path, files)
    assert len(run("check_layers.py", tmp_path).splitlines()) == 3


GOOD_PAGES = {
    "README.md": """# Moorgate
[guide](docs/guide.md), [a heading](docs/guide.md#twice-1), [folder](docs), [its README](docs/#inside),
[![badge](docs/a%20b.svg "title")](https://example.com/x), [lines](src/a.cpp#L1-L2), [here](#moorgate),
<a href="docs/guide.md#by-hand">html</a>, [by name][Guide], <mailto:a@example.com>, [dollar](docs/f(1).md)

[guide]: <docs/guide.md> "title"
```sh
[not](a-link.md)
```
`[nor](this.md)` <!-- [nor](that.md) --> list[0][1]
""",
    "docs/README.md": "Inside\n======\n",
    "docs/guide.md": """[up](../README.md#moorgate)
## Twice
## Twice
## `tls.key` & more: "100 %" of it_all!
<a id="by-hand"></a>
[one](#tlskey--more-100--of-it_all)
""",
    "docs/a b.svg": "",
    "docs/f(1).md": "",
    "src/a.cpp": "1\n2\n",
}

BAD_LINKS = {
    "[a](gone.md)": "gone.md: there is no such file",
    "[a](docs/Guide.md)": "docs/Guide.md: there is no such file",
    "![a](gone.png)": "gone.png: there is no such file",
    "[a](docs/guide.md#thrice)": "docs/guide.md has no heading #thrice",
    "[a](#nowhere)": "README.md has no heading #nowhere",
    "[a](src/a.cpp#L3)": "src/a.cpp has only 2 lines",
    "[a](src/a.cpp#main)": "#main means nothing in src/a.cpp",
    "[a](/docs/guide.md)": "as a relative one",
    "[a](https://github.com/someone/moorgate/blob/main/README.md)": "as a relative one",
    "[a](file:///tmp/x.md)": "names a file of one machine",
    "[a](../outside.md)": "leads out of the repository",
    "[a]()": "leads nowhere",
    "[a][unknown]": "[unknown] is defined nowhere",
    "[a]: gone.md": "gone.md: there is no such file",
    '<img src="gone.png">': "gone.png: there is no such file",
}


def test_links_pass_a_good_tree(tmp_path):
    write(tmp_path, GOOD_PAGES)
    assert run("check_links.py", tmp_path) == ""


@pytest.mark.parametrize("link", BAD_LINKS)
def test_links_fail_on(link, tmp_path):
    write(tmp_path, GOOD_PAGES)
    write(tmp_path, {"README.md": f"# Moorgate\n\n{link}\n"})
    found = [line for line in run("check_links.py", tmp_path).splitlines() if line.startswith("README.md:3: ")]
    assert len(found) == 1
    assert BAD_LINKS[link] in found[0]


def test_links_know_only_what_git_would_commit(tmp_path):
    write(tmp_path, GOOD_PAGES | {".gitignore": "build/\n", "build/made.md": "[broken](x.md)\n"})
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert run("check_links.py", tmp_path) == ""
    write(tmp_path, {"README.md": "# Moorgate\n[made](build/made.md)\n"})
    assert "build/made.md: there is no such file" in run("check_links.py", tmp_path)


def compiler():
    found = shutil.which("clang++-19") or shutil.which("clang++") or shutil.which("g++")
    assert found, "needs a C++ compiler"
    return found


def test_headers_compile_alone_or_are_named(tmp_path):
    write(tmp_path, {
        "src/base/good.hpp": "#pragma once\n#include <string>\nstd::string good();\n",
        "src/base/good.cpp": '#include "base/good.hpp"\n',
        "src/base/bad.hpp": "#pragma once\nstd::string bad();\n",
    })
    entry = {"directory": str(tmp_path), "file": str(tmp_path / "src/base/good.cpp"),
             "command": f"{compiler()} -I{tmp_path}/src -Wall -Werror -o good.o -c {tmp_path}/src/base/good.cpp"}
    write(tmp_path, {"compile_commands.json": json.dumps([entry])})
    found = run("check_headers.py", tmp_path, tmp_path)
    assert found.startswith("src/base/bad.hpp: does not compile alone: ")
    assert len(found.splitlines()) == 1
    (tmp_path / "src/base/bad.hpp").unlink()
    assert run("check_headers.py", tmp_path, tmp_path) == ""


def test_headers_need_a_build(tmp_path):
    write(tmp_path, {"compile_commands.json": "[]"})
    assert "holds no command" in run("check_headers.py", tmp_path, tmp_path)


def test_tidy_names_what_it_finds_and_looks_again_only_at_what_has_changed(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = "src/oci/a.cpp"
    write(tmp_path, {
        source: "int* nothing() { return 0; }\n",
        "src/oci/a_test.cpp": "int* nothing() { return 0; }\n",
        ".clang-tidy": "Checks: '-*,modernize-use-nullptr'\nWarningsAsErrors: '*'\n",
        "compile_commands.json": json.dumps([
            {"directory": str(tmp_path), "file": file, "command": f"clang++-19 -std=c++23 -o a.o -c {file}"}
            for file in (source, "src/oci/a_test.cpp")])})
    found = run("check_tidy.py", tmp_path, tmp_path)
    assert "src/oci/a.cpp:1" in found and "modernize-use-nullptr" in found and "a_test.cpp" not in found
    assert run("check_tidy.py", tmp_path, tmp_path) == found
    write(tmp_path, {source: "int* nothing() { return nullptr; }\n"})
    assert run("check_tidy.py", tmp_path, tmp_path) == ""
    assert len(list((tmp_path / "cache/moorgate-tidy").iterdir())) == 1
    write(tmp_path, {source: "int* nothing() { return 0; }  // NOLINT\n"})
    assert run("check_tidy.py", tmp_path, tmp_path) == ""
    write(tmp_path, {source: "int* nothing() { return 0; }  // no more\n"})
    assert "modernize-use-nullptr" in run("check_tidy.py", tmp_path, tmp_path)


def test_tidy_needs_sources(tmp_path):
    write(tmp_path, {"compile_commands.json": "[]", ".clang-tidy": ""})
    assert "holds no source" in run("check_tidy.py", tmp_path, tmp_path)
