from __future__ import annotations

import errno
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.table import Table

from acme_tracker.cli import console

FULL = Path("/dev/full")
MODELS = [sys.executable, "-m", "acme_tracker", "models"]


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_results_that_cannot_be_printed_are_told_in_one_line() -> None:
    with FULL.open("w") as nowhere:
        done = subprocess.run(
            MODELS, stdout=nowhere, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: cannot print to standard output: no space left on device")


def test_a_file_gets_tables_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    table = Table(*(f"a long title {number}" for number in range(20)))
    file = StringIO()
    console._Output(file=file).print(table)
    assert all(f"a long title {number}" in file.getvalue() for number in range(20))


def test_columns_count_as_they_are_when_something_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    file = StringIO()
    output = console._Output(file=file)
    monkeypatch.setenv("COLUMNS", "200")
    output.print("x" * 150)
    assert file.getvalue().splitlines() == ["x" * 150]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), BrokenPipeError()])
def test_a_complaint_that_nobody_can_read_stops_nothing(
    error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nowhere(StringIO):
        def write(self, _: str) -> int:
            raise error

    monkeypatch.setattr(console, "errors", console._Errors(file=Nowhere()))
    for _ in range(2):
        console.complain("error", "nobody reads this")
