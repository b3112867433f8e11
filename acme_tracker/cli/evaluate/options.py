"""Options that several commands of `evaluate` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="OLD=NEW,...", help="Rename or merge classes on both sides; OLD= drops."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")]
Strict = Annotated[bool, typer.Option(help="Odd lines in the labels are errors.")]
IgnoreAbove = Annotated[
    float | None, typer.Option(help="Drop tracked boxes whose bottom edge lies above this row.")
]
Sequences = Annotated[
    list[Path],
    typer.Option("--data", help="Folder of sequences, or the folder of one; may repeat."),
]
VisualTrackers = Annotated[
    list[str] | None,
    typer.Option("--visual-tracker", metavar="NAME", help="What follows; may repeat."),
]
BySequence = Annotated[bool, typer.Option("--by-sequence", help="A row for each sequence too.")]
