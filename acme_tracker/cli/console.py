"""Where the program's words go: results to standard output, the rest to standard error."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from rich.console import Console, ConsoleDimensions
from rich.markup import escape

from acme_tracker.errors import OutputError

_WHOLE = 500  # columns


class _Output(Console):
    """Says in one line when results cannot be printed: a log's disk is full, say.

    A file or another program gets tables whole, however wide. COLUMNS is what it is when something
    is printed: Rich would keep what it was when this module was loaded.
    """

    @property  # type: ignore[misc]  # nobody sets it
    def size(self) -> ConsoleDimensions:
        size = super().size
        columns = os.environ.get("COLUMNS", "")
        if columns.isdigit():
            return ConsoleDimensions(int(columns), size.height)
        return size if self.is_terminal else ConsoleDimensions(_WHOLE, size.height)

    def print(self, *objects: Any, **how: Any) -> None:
        try:
            super().print(*objects, **how)
        except OSError as error:
            silence_output()
            why = (error.strerror or type(error).__name__).lower()
            raise OutputError(
                f"cannot print to standard output: {why}; send it elsewhere"
            ) from None


class _Errors(Console):
    """Goes on without a word when nobody can read it."""

    def print(self, *objects: Any, **how: Any) -> None:
        with suppress(OSError):
            super().print(*objects, **how)

    def on_broken_pipe(self) -> None:
        self.quiet = True


output = _Output(highlight=False)
errors = _Errors(stderr=True, highlight=False)


def silence_output() -> None:
    """What is still to be printed leads nowhere: the interpreter would complain as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(kind: str, message: str, style: str = "red") -> None:
    """One line about what went wrong, never read as markup and never broken by us."""
    text = escape(" ".join(message.split()))
    errors.print(f"[{style}]{kind}:[/] {text}", soft_wrap=True)


def shown_warnings() -> AbstractContextManager[list[str]]:
    """Our own warnings as lines on standard error, each once, and in the list that this gives."""
    return own_warnings(lambda text: complain("warning", text, "yellow"))


@contextmanager
def own_warnings(say: Callable[[str], None]) -> Iterator[list[str]]:
    """Our own warnings go to `say`, each once, and into the list that this gives.

    Those of the libraries below us are not for the user and stay silent.
    """
    said: list[str] = []

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        text = str(message)
        if category.__module__.startswith("acme_tracker") and text not in said:
            said.append(text)
            say(text)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield said
