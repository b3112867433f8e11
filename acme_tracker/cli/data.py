"""`acme-tracker data`: look at data sets, and write them in another format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from acme_tracker.cli.console import errors, output
from acme_tracker.datasets import (
    open_class_folders,
    open_combined,
    open_sequences,
    parse_class_map,
    write_dataset,
    write_sequences,
)
from acme_tracker.datasets.checking import HEIGHT_LIMITS_PX, DatasetReport, check_dataset
from acme_tracker.datasets.maps import ClassMap, map_sequences
from acme_tracker.datasets.montage import dataset_montage, save_picture, sequences_montage
from acme_tracker.datasets.problems import Problem, Severity
from acme_tracker.datasets.registry import FOLDERS, SEQUENCE_FORMATS, WRITERS, guess_format
from acme_tracker.datasets.types import DetectionDataset
from acme_tracker.datasets.types import Sequence as TrackSequence
from acme_tracker.datasets.writing import Placement, Written
from acme_tracker.errors import ConfigError, DatasetError

app = typer.Typer(help="Look at data sets, and write them in another format.", no_args_is_help=True)
_SHOWN = 20

Paths = Annotated[
    list[Path],
    typer.Argument(help="Folders, or data.yaml, COCO's JSON, gt.txt ...; several become one."),
]
Split = Annotated[str | None, typer.Option(help="Only this split (train, val, test).")]
Format = Annotated[
    str | None,
    typer.Option("--format", help="Read as this format instead of guessing it."),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        help="Merge, rename or drop classes: car=vehicle,bus=vehicle,van= (may be given again).",
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Stop at the first problem, even a warning.")
]


@app.command()
def check(
    paths: Paths,
    split: Split = None,
    form: Format = None,
    class_map: Map = None,
    strict: Strict = False,
    decode: Annotated[
        bool, typer.Option("--decode", help="Decode every image whole: finds damaged ones; slow.")
    ] = False,
    montage: Annotated[
        Path | None, typer.Option(help="Write a picture of images with their boxes here (.png).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with every problem, instead of tables.")
    ] = False,
) -> None:
    """Print what is understood of data sets, and what looks wrong with them.

    The exit code is 2 where there are errors: what they concern is left out when the data is used.
    Warnings alone leave it at 0, unless --strict is given.
    """
    mapping = parse_class_map(class_map or ())
    kinds = {form or guess_format(path) for path in paths}
    if kinds == {FOLDERS}:
        if montage is not None:
            raise ConfigError("--montage draws boxes: folders of pictures by class have none")
        problems, picture = _check_folders(paths, split, strict, as_json), None
    elif kinds <= set(SEQUENCE_FORMATS):
        sequences = _open_sequences(paths, form, mapping, strict, split)
        problems = _report_sequences(sequences, as_json)
        picture = sequences_montage(sequences) if montage is not None else None
    else:
        dataset = open_combined(paths, split, form, mapping, strict)
        problems = _report_dataset(dataset, decode, strict, as_json)
        picture = dataset_montage(dataset) if montage is not None else None
    if montage is not None and picture is not None:
        save_picture(picture, montage)
        errors.print(f"Montage: {escape(str(montage))}")
    _refuse_errors(problems)


def _refuse_errors(problems: Sequence[Problem]) -> None:
    """DatasetError if anything was left out: a script that checks its data reads the exit code."""
    found = [problem for problem in problems if problem.severity is Severity.ERROR]
    if found:
        many = "an error" if len(found) == 1 else f"{len(found)} errors"
        first = ", the first" if len(found) > 1 else ""
        raise DatasetError(f"{many} in the data{first}: {found[0]}; mend it, or it is left out")


@app.command()
def convert(
    paths: Paths,
    to: Annotated[str, typer.Option(help=f"What to write: {', '.join(WRITERS)}.")],
    out: Annotated[Path, typer.Option(help="New folder to write to.")],
    split: Split = None,
    form: Format = None,
    class_map: Map = None,
    strict: Strict = False,
    copy_images: Annotated[
        bool,
        typer.Option("--copy-images/--link", help="Copy the pictures, or only link to them."),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Remove images/, labels/ and the like that are there, and write anew.",
        ),
    ] = False,
) -> None:
    """Write data sets in another format, as one; what they leave out is said."""
    mapping = parse_class_map(class_map or ())
    placement = Placement.COPY if copy_images else Placement.LINK
    if to == "mot":
        sequences = _open_sequences(paths, form, mapping, strict, split)
        problems = [problem for sequence in sequences for problem in sequence.problems]
        written = write_sequences(sequences, out, placement, overwrite)
    else:
        dataset = open_combined(paths, split, form, mapping, strict)
        problems = list(dataset.problems)
        written = write_dataset(dataset, out, to, placement, overwrite)
    _print_written(written, to)
    _print_problems(problems)


def _open_sequences(
    paths: Sequence[Path], form: str | None, mapping: ClassMap, strict: bool, split: str | None
) -> list[TrackSequence]:
    if split is not None:
        raise ConfigError("sequences have no splits: give the folders of those wanted")
    sequences = [s for path in paths for s in open_sequences(path, form, strict)]
    return map_sequences(sequences, mapping)


def _print_written(written: Written, form: str) -> None:
    output.print(
        f"Wrote {form}: {written.images} images, {written.boxes} boxes to"
        f" {escape(str(written.folder))}"
    )
    for left in written.left_out:
        output.print(f"[yellow]Left out[/]: {left.count} {left.what}")


def _report_dataset(
    dataset: DetectionDataset, decode: bool, strict: bool, as_json: bool
) -> list[Problem]:
    with Progress(console=errors, transient=True) as bar:
        task = bar.add_task("looking at images", total=len(dataset))
        report = check_dataset(dataset, decode, lambda done: bar.update(task, completed=done))
    if strict and report.problems:
        raise DatasetError(str(report.problems[0]))
    if as_json:
        print(json.dumps(asdict(report), indent=2))
    else:
        _print_report(report)
    return list(report.problems)


def _print_report(report: DatasetReport) -> None:
    splits = ", ".join(f"{name or 'no split'} {count}" for name, count in report.splits.items())
    output.print(f"[bold]{report.format}[/] {escape(report.root)}")
    output.print(
        f"{report.images} images ({splits}), {report.boxes} boxes;"
        f" {report.background_images} images are background,"
        f" {report.unlabelled_images} unlabelled; {report.regions} regions to ignore"
    )
    output.print(_class_table(report))
    if report.unlabelled_classes:
        lacking = ", ".join(f"{name} on {n}" for name, n in report.unlabelled_classes.items())
        output.print(f"Unlabelled, which is unknown and not background: {lacking} images")
    for title, groups in (("same content", report.duplicates), ("across splits", report.leaks)):
        copies = sum(len(group) - 1 for group in groups)
        output.print(f"Duplicate images, {title}: {copies}")
        for group in groups[:_SHOWN]:
            output.print("  " + escape(" = ".join(group)), soft_wrap=True)
    _print_problems(report.problems)


def _class_table(report: DatasetReport) -> Table:
    table = Table(title="Boxes by class, by area (small < 32², medium < 96²) and by height in px")
    table.add_column("class")
    lows = (0, *HEIGHT_LIMITS_PX)
    heights = [f"{a}-{b}" for a, b in zip(lows, HEIGHT_LIMITS_PX, strict=False)]
    counts = ("labelled on", "images", "boxes", "ignored", "small", "medium", "large")
    for title in (*counts, *heights, f"{HEIGHT_LIMITS_PX[-1]}+"):
        table.add_column(title, justify="right")
    for each in report.classes:
        numbers = (each.labelled_images, each.images, each.boxes, each.ignored)
        values = (*numbers, *each.by_area, *each.by_height)
        table.add_row(escape(each.name), *(str(value) for value in values))
    return table


def _print_problems(problems: Sequence[Problem]) -> None:
    counts = {kind: sum(p.severity == kind for p in problems) for kind in ("error", "warning")}
    output.print(f"Problems: {counts['error']} errors (left out), {counts['warning']} warnings")
    for problem in sorted(problems, key=lambda p: p.severity)[:_SHOWN]:
        output.print(f"  {problem.severity}: {escape(str(problem))}", soft_wrap=True)
    if len(problems) > _SHOWN:
        output.print(f"  ... and {len(problems) - _SHOWN} more: --json has all of them")


def _describe(sequence: TrackSequence) -> dict[str, Any]:
    rows = sequence.rows
    scored = rows[rows.scored]
    names = ("ignore", *sequence.classes)
    by_class = np.bincount(scored.class_id + 1, minlength=len(names)).tolist()
    return {
        "name": sequence.name,
        "format": sequence.format,
        "path": None if sequence.path is None else str(sequence.path),
        "frames": sequence.length,
        "frame_rate": sequence.frame_rate,
        "size": sequence.size,
        "boxes": len(scored),
        "tracks": len(np.unique(scored.track_id)),
        "ignored": len(rows) - len(scored),
        "classes": {n: c for n, c in zip(names, by_class, strict=True) if c},
        "problems": [asdict(problem) for problem in sequence.problems],
    }


def _report_sequences(sequences: Sequence[TrackSequence], as_json: bool) -> list[Problem]:
    problems = [problem for sequence in sequences for problem in sequence.problems]
    described = [_describe(sequence) for sequence in sequences]
    if as_json:
        print(json.dumps(described, indent=2))
        return problems
    table = Table(title=f"{len(described)} sequences")
    for title in ("sequence", "format", "pictures", "size", "frames", "frames/s", "boxes"):
        table.add_column(title)
    for title in ("tracks", "ignored", "by class"):
        table.add_column(title)
    for each in described:
        size = "x".join(map(str, each["size"])) if each["size"] else "?"
        by_class = ", ".join(f"{name} {count}" for name, count in each["classes"].items())
        pictures = Path(each["path"]).name if each["path"] else "none"
        keys = ("frames", "frame_rate", "boxes", "tracks", "ignored")
        words = (
            each["name"],
            each["format"],
            pictures,
            size,
            *(each[key] for key in keys),
            by_class,
        )
        table.add_row(*(escape(str(word)) for word in words))
    output.print(table)
    _print_problems(problems)
    return problems


def _check_folders(
    paths: Sequence[Path], split: str | None, strict: bool, as_json: bool
) -> list[Problem]:
    found: list[Problem] = []
    for path in paths:
        images = open_class_folders(path, split, strict)
        found += images.problems
        counts = np.bincount(images.class_id, minlength=len(images.classes)).tolist()
        by_class = dict(zip(images.classes, counts, strict=True))
        if as_json:
            problems = [asdict(problem) for problem in images.problems]
            print(json.dumps({"root": str(path), "classes": by_class, "problems": problems}))
            continue
        table = Table("class", "images", title=f"{FOLDERS} {path}: {len(images)} images")
        for name, count in by_class.items():
            table.add_row(escape(name), str(count))
        output.print(table)
        _print_problems(images.problems)
    return found
