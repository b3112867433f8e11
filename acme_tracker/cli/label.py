"""`acme-tracker label`: one's own footage in, a labelled data set out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from acme_tracker.cli.config import Assignments, ConfigFile
from acme_tracker.cli.console import complain, errors, output, shown_warnings
from acme_tracker.cli.evaluate.tables import print_paths
from acme_tracker.config import parse_assignments
from acme_tracker.datasets.writing import Placement
from acme_tracker.labelling.folder import LabelFolder
from acme_tracker.labelling.inputs import open_inputs
from acme_tracker.labelling.labeller import label_inputs, parse_aspects
from acme_tracker.labelling.settings import LabelSettings
from acme_tracker.labelling.teachers import open_teachers

_INTERRUPTED = 130


def label(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Videos, pictures, folders of them, labelled data sets."
        ),
    ],
    teacher: Annotated[
        list[str],
        typer.Option(
            metavar="NAME[=WEIGHT]",
            help="A detector: see `acme-tracker models`; repeat for several.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="New folder for the data set.")],
    every: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds between frames of a video.")
    ] = None,
    most: Annotated[
        int | None, typer.Option(metavar="N", help="Frames of each video at most, spread over it.")
    ] = None,
    aspect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[BEGINNING=]RATIO",
            help="Show teachers the pictures (whose names begin so) in this width over height: for "
            "data sets that are stored stretched. Repeatable.",
        ),
    ] = None,
    leave: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BEGINNING",
            help="Images of data sets that keep their labels as they are, beside every split but "
            "train: those held out for validation. Repeatable.",
        ),
    ] = None,
    copy_images: Annotated[
        bool, typer.Option("--copy-images/--link", help="Copy pictures, or only link to them.")
    ] = False,
    config: ConfigFile = None,
    set_: Assignments = None,
) -> None:
    """Label footage by detectors that agree, or add what the labels of a data set lack.

    DIR becomes a COCO data set that `train --data` reads: boxes, boxes to ignore where teachers are
    in doubt, sources.json (which classes are labelled on which images), origin.json (teachers,
    settings, counts) and montage_*.jpg to review. Ctrl-C leaves what was labelled so far.
    """
    flags = {"every_s": every, "most": most}
    given = {key: value for key, value in flags.items() if value is not None}
    settings = LabelSettings.load(config, {**parse_assignments(set_ or ()), **given})
    aspects = parse_aspects(aspect or ())
    with shown_warnings():
        inputs = open_inputs(paths)
    teachers = open_teachers(teacher, settings.doubtful_score)
    with shown_warnings(), _progress() as bar:
        task = bar.add_task("", total=None)
        try:
            folder, sheets = label_inputs(
                inputs,
                teachers,
                settings,
                out,
                aspects=aspects,
                leave=leave or (),
                placement=Placement.COPY if copy_images else Placement.LINK,
                watch=lambda name: bar.update(task, advance=1, description=name),
            )
        except KeyboardInterrupt:
            complain("interrupted", f"{out} has what was labelled so far", "yellow")
            raise typer.Exit(_INTERRUPTED) from None
    _report(folder, sheets)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=errors,
        disable=not errors.is_terminal,
    )


def _report(folder: LabelFolder, sheets: list[Path]) -> None:
    table = Table("class", title=f"{len(folder)} pictures labelled")
    for title in ("by people", "by teachers", "to ignore"):
        table.add_column(title, justify="right")
    for name, counts in folder.counts().items():
        table.add_row(name, *(str(count) for count in counts.values()))
    output.print(table)
    print_paths([folder.out, *sheets])
