"""`acme-tracker evaluate run`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from acme_tracker.cli.config import Assignments, ConfigFile
from acme_tracker.cli.console import output, shown_warnings
from acme_tracker.cli.evaluate.options import (
    BySequence,
    IgnoreAbove,
    Json,
    Map,
    Sequences,
    Strict,
    VisualTrackers,
)
from acme_tracker.cli.evaluate.tables import (
    Column,
    cells,
    columns,
    jsonable,
    make_folder,
    print_paths,
    progress,
    table_of,
)
from acme_tracker.cli.evaluate.truth import read_sequences
from acme_tracker.config import TrackSettings, parse_assignments
from acme_tracker.datasets import parse_class_map
from acme_tracker.detection.registry import open_detector
from acme_tracker.errors import ConfigError
from acme_tracker.tracking.visual.registry import open_visual_tracker

if TYPE_CHECKING:  # it loads SciPy, for which `acme-tracker --help` should not wait
    from acme_tracker.evaluation.running import SetupReport
    from acme_tracker.evaluation.setups import Setup

_POLICY = "policy"
_COLUMNS = (
    *columns("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW"),
    Column("frames_per_s", "frames_/s"),
    Column("cpu_ms_per_frame", "CPU_ms"),
    Column("looks_per_frame", "looks_/frame", digits=2),
)


def run(
    data: Sequences,
    detector: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|FILE", help="See `acme-tracker models`; may repeat."),
    ] = None,
    visual_tracker: VisualTrackers = None,
    every: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N|policy",
            help="Detect on every n-th frame, or when the policy asks for it; may repeat.",
        ),
    ] = None,
    ignore_above_px: IgnoreAbove = None,
    class_map: Map = None,
    config: ConfigFile = None,
    set_: Assignments = None,
    oracle: Annotated[
        bool,
        typer.Option(
            "--oracle",
            help="Also with true boxes in the detector's place, and with ids given by the truth.",
        ),
    ] = False,
    by_sequence: BySequence = False,
    out: Annotated[Path | None, typer.Option(help="Folder for run.csv and front.png.")] = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Track every sequence in every given way: accuracy beside cost.

    Every detector is run with every visual tracker and every cadence. A star marks the ways that
    no other beats at once in HOTA and in CPU time. frames/s and CPU-ms a frame (processor time of
    all threads) are those of detection and tracking; decoding and colour conversion are not in
    them.
    """
    from acme_tracker.evaluation.run_outputs import write_run
    from acme_tracker.evaluation.running import evaluate_setups
    from acme_tracker.evaluation.setups import with_oracles

    choices = {
        "detector.name": detector,
        "visual_tracker.name": visual_tracker,
        "redetection.every_frames": [_cadence(word) for word in every or ()],
    }
    setups = _setups(config, parse_assignments(set_ or ()), choices)
    sequences = read_sequences(data, strict)
    if out is not None:
        make_folder(out)
    total = sum(sequence.length for sequence in sequences)
    with shown_warnings(), progress("tracking", total, quiet=as_json) as advance:
        reports = evaluate_setups(
            sequences,
            with_oracles(setups) if oracle else setups,
            open_detector,
            parse_class_map(class_map or ()),
            ignore_above_px,
            advance,
        )
    paths = [] if out is None else write_run(reports, out)
    if as_json:
        told = [report.as_dict() for report in reports]
        print(json.dumps(jsonable({"ignore_above_px": ignore_above_px, "settings": told})))
        return
    output.print(_table(reports, by_sequence))
    print_paths(paths)


def _cadence(word: str) -> int | None:
    """A value of `redetection.every_frames`."""
    if word == _POLICY:
        return None
    try:
        return int(word)
    except ValueError:
        raise ConfigError(
            f"--every wants a number of frames or {_POLICY!r}, got {word!r}"
        ) from None


def _setups(
    config: Path | None, given: dict[str, Any], choices: Mapping[str, Sequence[Any] | None]
) -> list[Setup]:
    """All combinations of what has a choice; a wrong visual tracker fails before anything runs."""
    from acme_tracker.evaluation.setups import Setup

    chosen = {key: list(dict.fromkeys(values)) for key, values in choices.items() if values}
    combinations = (dict(zip(chosen, values, strict=True)) for values in product(*chosen.values()))
    setups = [Setup(TrackSettings.load(config, {**given, **values})) for values in combinations]
    for setup in setups:
        open_visual_tracker(setup.settings.visual_tracker)
    return setups


def _table(reports: Sequence[SetupReport], by_sequence: bool) -> Table:
    """A row a setup, called by what it does not share with all others; that is in the title."""
    words = [report.setup.words for report in reports]
    shared = {key for key in words[0] if len({each[key] for each in words} - {""}) < 2}
    table = table_of(_COLUMNS, escape(_name(words[0], shared)))
    table.add_column("", no_wrap=True)
    for report, each in zip(reports, words, strict=True):
        name = _name(each, set(each) - shared) or "total"
        best = "*" if report.undominated and len(reports) > 1 else ""
        table.add_row(
            escape(name),
            *cells(report.total, _COLUMNS),
            best,
            style="bold" if by_sequence else None,
        )
        if by_sequence:
            for sequence, figures in report.by_sequence.items():
                table.add_row(escape(f"  {sequence}"), *cells(figures, _COLUMNS))
    return table


def _name(words: dict[str, str], keys: set[str]) -> str:
    """Some of a setup's words, in their order."""
    shown = {
        **words,
        "every": words["every"] if words["every"] == _POLICY else f"every {words['every']}",
    }
    return ", ".join(word for key, word in shown.items() if key in keys and word)
