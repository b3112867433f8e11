"""`acme-tracker evaluate following`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from acme_tracker.cli.config import Assignments, ConfigFile
from acme_tracker.cli.console import output, shown_warnings
from acme_tracker.cli.evaluate.options import (
    BySequence,
    Json,
    Sequences,
    Strict,
    VisualTrackers,
)
from acme_tracker.cli.evaluate.tables import (
    Column,
    cells,
    jsonable,
    make_folder,
    print_paths,
    progress,
    table_of,
)
from acme_tracker.cli.evaluate.truth import read_sequences
from acme_tracker.config import TrackSettings, parse_assignments
from acme_tracker.errors import ConfigError
from acme_tracker.tracking.visual.registry import open_visual_tracker

if TYPE_CHECKING:  # it loads SciPy, for which `acme-tracker --help` should not wait
    from acme_tracker.evaluation.following import Following

ByTracker = Mapping[str, Mapping[str, "Following"]]  # tracker -> sequence -> how it followed


def following(
    data: Sequences,
    visual_tracker: VisualTrackers = None,
    frames: Annotated[
        str, typer.Option(metavar="N,...", help="So far from each start.")
    ] = "15,30,60",
    starts: Annotated[
        int, typer.Option(min=1, help="Frames of each sequence to start from, evenly spread.")
    ] = 10,
    config: ConfigFile = None,
    set_: Assignments = None,
    by_sequence: BySequence = False,
    out: Annotated[Path | None, typer.Option(help="Folder for reliability.png.")] = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Visual trackers alone: started on true boxes, how well do they follow, and do they know it?

    All objects of a frame are started at once and followed without help until their truth ends.
    The IoU is the mean of all frames up to the N-th; a target that was given up counts as 0. AUROC
    says how well the quality, ECE (expected calibration error) how honestly the confidence tells
    boxes with an IoU of 0.5 from others. CPU-ms a frame are for so many objects on average.
    """
    from acme_tracker.evaluation.following import Following, evaluate_following

    horizons = _horizons(frames)
    settings = TrackSettings.load(config, parse_assignments(set_ or ()))
    chosen = settings.visual_tracker
    names = list(dict.fromkeys(visual_tracker or [chosen.name]))
    makers = [
        partial(open_visual_tracker, chosen.model_copy(update={"name": name})) for name in names
    ]
    for make in makers:
        make()  # a wrong name fails before anything runs
    sequences = read_sequences(data, strict)
    if out is not None:
        make_folder(out)
    total = sum(sequence.length for sequence in sequences)
    with shown_warnings(), progress("following", total, quiet=as_json) as advance:
        told = evaluate_following(
            sequences, makers, max(horizons), settings.source, starts, advance
        )
    by_tracker = dict(zip(names, told, strict=True))
    totals = {name: sum(each.values(), Following()) for name, each in by_tracker.items()}
    paths = [] if out is None else _draw(totals, out)
    if as_json:
        _print_json(by_tracker, totals, horizons)
        return
    output.print(_table(by_tracker if by_sequence else {}, totals, horizons))
    if out is not None and not paths:
        output.print("no reliability.png: none of them gives a confidence")
    print_paths(paths)


def _horizons(text: str) -> list[int]:
    try:
        horizons = sorted({int(word) for word in text.split(",")})
    except ValueError:
        horizons = [0]
    if horizons[0] < 1:
        raise ConfigError(f"--frames wants numbers of frames such as 15,30,60, got {text!r}")
    return horizons


def _draw(totals: Mapping[str, Following], folder: Path) -> list[Path]:
    from acme_tracker.evaluation.reliability_picture import draw_reliability

    known = {name: total.reliability for name, total in totals.items()}
    known = {name: told for name, told in known.items() if len(told.count)}
    if not known:
        return []
    draw_reliability(known, folder / "reliability.png")
    return [folder / "reliability.png"]


def _print_json(
    by_tracker: ByTracker, totals: Mapping[str, Following], horizons: Sequence[int]
) -> None:
    told = {
        name: {
            "total": totals[name].figures(horizons),
            "sequences": {sequence: one.figures(horizons) for sequence, one in each.items()},
        }
        for name, each in by_tracker.items()
    }
    print(json.dumps(jsonable({"frames": horizons, "visual_trackers": told})))


def _table(
    by_tracker: ByTracker, totals: Mapping[str, Following], horizons: Sequence[int]
) -> Table:
    shown = (
        *(Column(f"iou_{h}", f"IoU_{h}", 3) for h in horizons),
        *(Column(f"over_{h}", f">.5_{h}", 0) for h in horizons),
        *(Column(name, name, 3) for name in ("AUROC", "ECE")),
        Column("objects_per_frame", "objects"),
        Column("cpu_ms_per_frame", "CPU_ms"),
    )
    table = table_of(
        shown, "followed from true boxes: mean IoU and percent over 0.5 up to so many frames"
    )
    for name, total in totals.items():
        bold = "bold" if by_tracker else None
        table.add_row(escape(name), *cells(total.figures(horizons), shown), style=bold)
        for sequence, one in by_tracker.get(name, {}).items():
            table.add_row(escape(f"  {sequence}"), *cells(one.figures(horizons), shown))
    return table
