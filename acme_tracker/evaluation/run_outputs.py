"""Setups compared, as a CSV file and as a picture: accuracy over cost."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from acme_tracker.errors import OutputError
from acme_tracker.evaluation.running import SetupReport
from acme_tracker.evaluation.setups import COSTS, Oracle
from acme_tracker.figures import plain

TOTAL = "total"
_SCORES = ("HOTA", "DetA", "AssA", "LocA", "MOTA", "IDF1", "IDSW", "Frag", "FP", "FN")
_MARKERS = "osD^vP*Xp<>hd8"


def write_run(reports: Sequence[SetupReport], folder: Path) -> list[Path]:
    """Write run.csv and front.png to a folder that is there; return their paths.

    Raises:
        OutputError: a file cannot be written.
    """
    table, picture = folder / "run.csv", folder / "front.png"
    try:
        with table.open("w", encoding="utf-8", newline="") as text:
            csv.writer(text).writerows(_lines(reports))
        draw_front(reports, picture)
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}") from None
    return [table, picture]


def _lines(reports: Sequence[SetupReport]) -> Iterator[list[str]]:
    """The head, then a line a sequence and one for the total of each setup."""
    columns = (*_SCORES, *COSTS)
    yield [*reports[0].setup.words, "sequence", *columns, "undominated"]
    for report in reports:
        for name, figures in {**report.by_sequence, TOTAL: report.total}.items():
            values = [_text(figures[column]) for column in columns]
            best = str(int(report.undominated)) if name == TOTAL else ""
            yield [*report.setup.words.values(), name, *values, best]


def _text(value: float | int) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def draw_front(reports: Sequence[SetupReport], path: Path) -> None:
    """HOTA over CPU time a frame: a colour a visual tracker, a mark a detector, named by cadence.

    A line joins the undominated; oracles, which have no cost, are left out.
    """
    from matplotlib.figure import Figure

    shown = [report for report in reports if report.setup.oracle is Oracle.NONE]
    figure = Figure(figsize=(8.5, 6), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    front = sorted(_place(report) for report in shown if report.undominated)
    axes.plot(*zip(*front, strict=True), color="0.7", zorder=1, label="undominated")
    trackers = list(dict.fromkeys(report.setup.words["visual_tracker"] for report in shown))
    detectors = list(dict.fromkeys(report.setup.words["detector"] for report in shown))
    for report in shown:
        words = report.setup.words
        colour = f"C{trackers.index(words['visual_tracker']) % 10}"
        axes.plot(
            *_place(report),
            _MARKERS[detectors.index(words["detector"]) % len(_MARKERS)],
            color=colour,
            markeredgecolor="black" if report.undominated else colour,
            markersize=8 if report.undominated else 6,
        )
        axes.annotate(
            words["every"], _place(report), (5, 4), textcoords="offset points", fontsize=7
        )
    for number, name in enumerate(trackers):
        axes.plot([], [], "s", color=f"C{number % 10}", label=plain(name))
    for number, name in enumerate(detectors if len(detectors) > 1 else ()):
        axes.plot([], [], _MARKERS[number % len(_MARKERS)], color="0.4", label=plain(name))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.tick_params(axis="x", which="minor", labelsize=7)
    axes.set(xlabel="CPU-ms a frame, without decoding", ylabel="HOTA")
    axes.set_title("numbers: the detector looks every so many frames", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path)


def _place(report: SetupReport) -> tuple[float, float]:
    return report.total["cpu_ms_per_frame"], report.total["HOTA"]
