"""Draws the plots of docs/benchmarks.md from the kept results; needs matplotlib and nothing else.

The background is left open and every colour is of middle lightness, so that the same file can be
read on a light and on a dark page.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
PLOTS = HERE.parent / "docs" / "plots"
INK, FAINT = "#7d8590", "#7d859040"
OURS, PEER, LIMIT = "#2f9e7f", "#8c7bc9", "#7d8590"
LINES = {
    "chatadapters": OURS,
    "chatadapters, events": "#6fb53f",
    "bare socket": LIMIT,
    "openai, its loop": "#d9822b",
    "huggingface_hub": "#c9a227",
    "any-llm": "#4c8ed9",
    "langchain-openai": "#c65a9e",
    "litellm": "#d05555",
}
mpl.rcParams.update(
    {
        "svg.fonttype": "none",  # text stays text
        "svg.hashsalt": "chatadapters",  # the same results give the same file
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "axes.grid.axis": "x",
        "grid.color": FAINT,
        "legend.frameon": False,
        "savefig.transparent": True,
    }
)


def main() -> None:
    """Draw what there are results of."""
    PLOTS.mkdir(exist_ok=True)
    for name, draw in {
        "streams": streams,
        "length": length,
        "users": users,
        "browser": browser,
    }.items():
        kept = HERE / "results" / f"{name}.json"
        if kept.exists():
            figure = draw(json.loads(kept.read_text()))
            figure.savefig(PLOTS / f"{name}.svg", bbox_inches="tight", metadata={"Date": None})
            plt.close(figure)


def color(client: str, *, ours: bool) -> str:
    """Give the colour of a bar."""
    return OURS if ours else LIMIT if client == "bare socket" else PEER


def streams(found: dict[str, Any]) -> plt.Figure:
    """Draw the CPU of a chunk as bars, a panel for each regime."""
    titles = {
        "blocks": "bursts, 50 events\nin an HTTP chunk",
        "events": "bursts, one HTTP chunk\nfor each event",
        "rate": "one token\nin each read",
    }
    figure, panels = plt.subplots(1, 3, figsize=(9, 3.6), sharey=True, layout="constrained")
    for panel, (regime, title) in zip(panels, titles.items(), strict=True):
        rows = [
            row
            for row in found["rows"]
            if (row["wire"], row["regime"], row["async"]) == ("chat", regime, False)
        ]
        labels = [row["client"] for row in rows]
        values = [median(row["cpu_us"]) for row in rows]
        colors = [color(row["client"], ours=row["ours"]) for row in rows]
        bars = panel.barh(labels, values, color=colors)
        panel.bar_label(
            bars, [f"{value:,.{0 if value >= 10 else 1}f}" for value in values], padding=3
        )
        panel.set(title=title, xscale="log", xlim=(min(values) / 2, max(values) * 4))
        panel.xaxis.set_major_formatter("{x:,g}")
        panel.xaxis.set_minor_formatter("")
        panel.invert_yaxis()
    figure.supxlabel("CPU for each chunk, sync, microseconds (logarithmic)", fontsize=10)
    return figure


def length(found: dict[str, Any]) -> plt.Figure:
    """Draw the CPU of a chunk over the length of the reply."""
    figure, panel = plt.subplots(figsize=(7, 3.6), layout="constrained")
    fixed = [LIMIT, OURS, "#6fb53f", "#4c8ed9", "#c9a227", LINES["openai, its loop"]]
    colors = dict(zip((row["client"] for row in found["rows"]), fixed, strict=True))
    for row in found["rows"]:
        lengths = [int(each) for each in row["cpu_s"]]
        costs = [1e6 * cost / int(number) for number, cost in row["cpu_s"].items()]
        panel.plot(lengths, costs, "o-", color=colors[row["client"]], label=row["client"])
    panel.set(
        xscale="log",
        yscale="log",
        xlabel="chunks in the reply",
        ylabel="CPU for each chunk,\nmicroseconds",
    )
    panel.xaxis.set_major_formatter("{x:,.0f}")
    panel.yaxis.set_major_formatter("{x:,g}")
    panel.yaxis.set_minor_formatter("")
    panel.grid(visible=True, axis="y")
    figure.legend(loc="outside right upper")
    return figure


def users(found: dict[str, Any]) -> plt.Figure:
    """Draw CPU and lateness under each load."""
    loads = list(dict.fromkeys((row["users"], row["rate"]) for row in found["rows"]))
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    titles = {
        "cpu_s": "CPU, seconds",
        "late_p99_ms": "99 % of the texts are at most\nso many ms late",
    }
    for panel, (key, title) in zip(panels, titles.items(), strict=True):
        for name, its_color in LINES.items():
            rows = [r for r in found["rows"] if r["client"] == name and r[key] is not None]
            at, values = (
                [loads.index((r["users"], r["rate"])) for r in rows],
                [r[key] for r in rows],
            )
            panel.plot(at, values, "o", color=its_color, label=name)
        panel.set(title=title, xlabel="streams at once on one event loop", yscale="log")
        panel.set_xticks(range(len(loads)), [f"{users:,} at {rate}/s" for users, rate in loads])
        panel.yaxis.set_major_formatter("{x:,g}")
        panel.yaxis.set_minor_formatter("")
        panel.grid(visible=True, axis="y")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper")
    return figure


def browser(found: dict[str, Any]) -> plt.Figure:
    """Draw which word is visible when, at the fastest rate, a panel for each UI."""
    fastest = max(found["size"]["rates"])
    names = list(dict.fromkeys(row["ui"] for row in found["rows"]))
    shape = (2, -(-len(names) // 2))
    figure, panels = plt.subplots(
        *shape, figsize=(9, 4.2), sharey=True, layout="constrained", squeeze=False
    )
    loops = (LINES["openai, its loop"], "the loop of its guide"), (OURS, "chatadapters")
    spare = [*panels.flat][len(names) :]
    for panel, name in zip(panels.flat, names, strict=False):
        ends = [4.0]
        for row in found["rows"]:
            if (row["ui"], row["rate"]) == (name, fastest):
                its_color, label = loops[row["loop"] == "chatadapters"]
                times, words = zip(*row["seen"], strict=True)
                panel.plot(times, words, color=its_color, label=label)
                ends.append(times[-1])
        panel.plot([0, 4], [0, 4 * fastest], ":", color=LIMIT, label="the model")
        panel.set(title=name, xlim=(0, max(6, *ends) * 1.05))
        panel.yaxis.set_major_formatter("{x:,.0f}")
    for panel in spare:
        panel.set_visible(False)
    figure.supxlabel("seconds since the first word", fontsize=10)
    figure.supylabel("newest visible word", fontsize=10)
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure


if __name__ == "__main__":
    main()
