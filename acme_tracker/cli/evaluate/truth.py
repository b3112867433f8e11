"""Opens true sequences, and says on standard error what of the labels could not be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from acme_tracker.cli.console import complain
from acme_tracker.datasets import Sequence as TrackSequence
from acme_tracker.datasets import open_sequences
from acme_tracker.datasets.problems import Problem


def read_sequences(data: Sequence[Path], strict: bool) -> list[TrackSequence]:
    """Those of all folders."""
    sequences = [one for path in data for one in open_sequences(path, strict=strict)]
    tell_problems(problem for one in sequences for problem in one.problems)
    return sequences


def tell_problems(problems: Iterable[Problem]) -> None:
    """Scores on broken labels are not to be taken for good ones."""
    found = list(problems)
    if found:
        many = "a problem" if len(found) == 1 else f"{len(found)} problems, the first"
        complain(
            "warning", f"{many} in the data: {found[0]}; `acme-tracker data check` tells", "yellow"
        )
