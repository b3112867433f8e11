"""Milliseconds by stage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """Adds up the time of named stages.

    >>> watch = Stopwatch()
    >>> with watch.stage("detect"):
    ...     pass
    >>> sorted(watch.take_ms())
    ['detect']
    """

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            self._seconds[name] += perf_counter() - start

    def take_ms(self) -> dict[str, float]:
        """Milliseconds by stage since the last call."""
        taken = {name: 1000 * seconds for name, seconds in self._seconds.items()}
        self._seconds.clear()
        return taken
