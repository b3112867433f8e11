"""Where the program's words go: results to standard output, the rest to standard error."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

output = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def complain(kind: str, message: str, style: str = "red") -> None:
    """One line about what went wrong, never read as markup and never broken by us."""
    text = escape(" ".join(message.split()))
    errors.print(f"[{style}]{kind}:[/] {text}", soft_wrap=True)


@contextmanager
def shown_warnings() -> Iterator[list[str]]:
    """Our own warnings as lines on standard error, each once, and in the list that this gives.

    Those of the libraries below us are not for the user and stay silent.
    """
    said: list[str] = []

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        text = str(message)
        if category.__module__.startswith("acme_tracker") and text not in said:
            said.append(text)
            complain("warning", text, "yellow")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield said
