"""What is wrong with a data set: collected while it is read, or raised at once when strict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from acme_tracker.errors import DatasetError


class Severity(StrEnum):
    """Left out, or used although it is odd."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where.

    Attributes:
        path: the file or folder.
        line: 1-based, None where the format has no lines.
        message: what was wanted and what came.
        severity: ERROR: this row or file was left out; WARNING: it was used as it is.
    """

    path: str
    line: int | None
    message: str
    severity: Severity

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.message}"


class FileError(DatasetError):
    """A file that cannot be used: fatal where it is the data set's only one, else a problem."""

    def __init__(self, path: Path | str, message: str, line: int | None = None) -> None:
        super().__init__(path, message, line)
        self.problem = Problem(str(path), line, message, Severity.ERROR)

    def __str__(self) -> str:
        return str(self.problem)


class Problems:
    """Collects problems; a strict one raises the first as a DatasetError instead."""

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict
        self.found: list[Problem] = []

    def error(self, path: Path | str, message: str, line: int | None = None) -> None:
        """Something was left out."""
        self._add(Problem(str(path), line, message, Severity.ERROR))

    def warn(self, path: Path | str, message: str, line: int | None = None) -> None:
        """Something odd was used as it is."""
        self._add(Problem(str(path), line, message, Severity.WARNING))

    def caught(self, error: FileError) -> None:
        """A file was left out."""
        self._add(error.problem)

    def _add(self, problem: Problem) -> None:
        if self.strict:
            raise DatasetError(str(problem))
        self.found.append(problem)
