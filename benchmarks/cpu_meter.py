"""CPU time by stage, in whatever thread a stage runs."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import islice
from threading import Lock, local
from typing import Any


class CpuMeter:
    """Adds up the CPU time of named stages; a stage inside another one counts for itself only.

    It sees the thread that a stage runs in. What a library's own threads do for a stage (inference,
    x264) shows only in the total of the process.
    """

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = Lock()
        self._of_thread = local()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        within: list[float] = self._of_thread.__dict__.setdefault("within", [])
        within.append(0.0)
        start = time.thread_time()
        try:
            yield
        finally:
            spent = time.thread_time() - start
            own = spent - within.pop()
            if within:
                within[-1] += spent
            with self._lock:
                self._seconds[name] += own

    def wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function every call of which is a stage."""

        @wraps(function)
        def metered(*args: Any, **kwargs: Any) -> Any:
            with self.stage(name):
                return function(*args, **kwargs)

        return metered

    def wrap(self, name: str, owner: type, method: str) -> None:
        """Make every call of a class's method a stage, from now on."""
        setattr(owner, method, self.wrapped(name, getattr(owner, method)))

    def wrap_items(self, name: str, owner: type, method: str) -> None:
        """Make a stage of every item that a class's generator method makes, from now on."""
        original: Callable[..., Iterator[Any]] = getattr(owner, method)

        @wraps(original)
        def metered(*args: Any, **kwargs: Any) -> Iterator[Any]:
            items = original(*args, **kwargs)
            while True:
                with self.stage(name):
                    made = [*islice(items, 1)]
                if not made:
                    return
                yield made[0]

        setattr(owner, method, metered)

    def take_ms(self) -> dict[str, float]:
        """Milliseconds by stage since the last call."""
        with self._lock:
            taken = {name: 1000 * seconds for name, seconds in self._seconds.items()}
            self._seconds.clear()
        return taken
