"""Tables and plots of what was measured."""

import json
import platform
import re
import time
from pathlib import Path

import plots

HERE = Path(__file__).parent
#: Which works share a plot, by the beginning of their keys.
PLOTS = {
    "requests": ("Small requests over TLS, requests/s (more is better)",
                 ("manifest_", "blob_head", "no_credentials", "wrong_password", "new_", "resumed_")),
    "pulls": ("Blob pull, MB/s (more is better)", ("blob_pull",)),
    "pull-cpu": ("Blob pull, server CPU seconds per GiB (less is better)", ("blob_pull",)),
    "pushes": ("Push (more is better)", ("blob_push", "layers_push")),
    "gateway": ("In front of docker-registry (more is better)", ("gateway_",)),
    "clients": ("Whole images with skopeo, seconds (less is better)", ("skopeo",)),
    "memory": ("Resident memory, MiB (less is better)", ("memory_",)),
    "lists": ("Lists and start-up, milliseconds (less is better)", ("tags_", "catalog_", "start")),
}
PLOTTED = {"pull-cpu": "cpu"}


def number(value, digits):
    return f"{value:,.{digits}f}"


def with_range(spread, digits):
    if spread.rounds == 1:
        return number(spread.median, digits)
    return f"{number(spread.median, digits)} ({number(spread.least, digits)}–{number(spread.most, digits)})"


def ratio_digits(value):
    return 2 if value < 10 else 0 if value >= 100 else 1


def bound(target):
    if target.at_least is not None:
        return f"≥ {target.at_least:g}" + ("×" if target.against else "")
    return f"≤ {target.at_most:g}" + ("×" if target.against else "")


def ratio_rows(results, labels):
    """(work, figure, against, ours, ratio, target, verdict) for every target."""
    for result in results:
        work = result.work
        for target in work.targets:
            figure = work.figure(target.figure)
            found = result.ratios(target)
            against = labels[target.against] if target.against else "–"
            if found is None:
                yield work.title, figure.label, against, "–", "–", bound(target), "no round counted"
                continue
            digits = ratio_digits(found.median) if target.against else figure.digits
            ours = with_range(result.spread(work.ours, target.figure), figure.digits)
            ratio = with_range(found, digits) + "×" if target.against else "–"
            verdict = "reached" if target.reached(found.median) else "**not reached**"
            yield work.title, figure.label, against, ours, ratio, bound(target), verdict


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def ratio_table(results, labels):
    return table(("work", "figure", "against", "Moorgate", "ratio", "target", ""), ratio_rows(results, labels))


def work_table(result, labels):
    figures = [figure for figure in result.work.figures
               if any(result.spread(name, figure.key) for name in result.work.contestants)]
    rows = []
    for name in result.work.contestants:
        spreads = [(result.spread(name, figure.key), figure.digits) for figure in figures]
        rows.append((labels[name], *(with_range(spread, digits) if spread else "–" for spread, digits in spreads)))
    return table(("", *(figure.label for figure in figures)), rows)


def work_section(result, labels):
    parts = [f"### {result.work.title[0].upper()}{result.work.title[1:]}", work_table(result, labels)]
    if result.work.note:
        parts.append(result.work.note)
    if result.void:
        parts.append(f"{len(result.void)} rounds were void: {'; '.join(sorted(set(result.void)))}")
    return "\n\n".join(parts)


def machine():
    model = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.M)
    return {"cores": str(len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(), re.M))),
            "CPU": model[1] if model else platform.machine(),
            "memory": f"{int(memory[1]) / (1 << 20):.0f} GiB",
            "kernel": "Linux " + re.match(r"[\d.]*\d", platform.release())[0]}


def draw(results, labels, folder):
    """Writes the plots; returns (title, file name) of each."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, (title, prefixes) in PLOTS.items():
        groups = []
        for result in results:
            if not result.work.key.startswith(prefixes):
                continue
            figure = result.work.figure(PLOTTED[name]) if name in PLOTTED else result.work.figures[0]
            groups += plot_groups(result, figure, name)
        if groups:
            (folder / f"{name}.svg").write_text(plots.bars(title, groups, labels))
            drawn.append((title, f"{name}.svg"))
    return drawn


def plot_groups(result, figure, plot):
    """One group of bars for the figure, or, for lists, one for each size."""
    figures = [figure]
    if plot == "lists":
        figures = [each for each in result.work.figures if each.key != "growth"]
    for each in figures:
        spreads = {name: result.spread(name, each.key) for name in result.work.contestants}
        spreads = {name: spread for name, spread in spreads.items() if spread}
        if spreads:
            unit = f": {each.label}" if plot in ("lists", "pushes", "gateway", "memory") else ""
            yield result.work.title + unit, each.digits, spreads


def steps_section(steps):
    """What a request costs without any network."""
    names = {"head_ours": "our parser, one request head", "head_beast": "Boost.Beast's parser, the same head",
             "route": "path into endpoint and repository", "credential": "HMAC of the Authorization header",
             "access_rules": "access rules of the README"}
    rows = [(names.get(name, name), f"{value:.0f} ns") for name, value in steps.items()]
    counted = json.loads((HERE / "instructions.json").read_text())
    rows += [("warm manifest GET over TLS, whole server", f"{counted['manifest_get']:,} instructions"),
             ("64 KiB of a blob over TLS, whole server", f"{counted['blob_chunk_64_kib']:,} instructions")]
    return ["## Steps of a request", table(("", ""), rows)]


def document(results, labels, about, folder):
    """The whole of docs/benchmarks.md; plots go to `folder`."""
    parts = ["# Benchmarks",
             "Written by `./scripts/bench`; do not edit. What stands in one table was measured in one run, side by "
             "side, on one machine that also ran the load. What it means and how to run it: "
             "[bench/README.md](../bench/README.md).",
             table(("", ""), [(name, value) for name, value in about["facts"].items()]),
             "## Against the targets",
             "Ratios of medians; in brackets the least and the most of the single rounds. `≥ n×`: that many times "
             "better than the other; `≤ n×`: at most that share of the other's.",
             ratio_table(results, labels)]
    drawn = draw(results, labels, folder)
    parts += ["## Plots"] + [f"![{title}]({folder.name}/{name})" for title, name in drawn]
    parts += ["## Where the limits are", (HERE / "limits.md").read_text().strip()]
    parts += steps_section(about["steps"])
    parts += ["## Every figure", "Medians; in brackets the least and the most of the rounds."]
    parts += [work_section(result, labels) for result in results]
    return "\n\n".join(parts) + "\n"


def today():
    return time.strftime("%Y-%m-%d")
