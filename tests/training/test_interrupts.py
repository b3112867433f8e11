from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from acme_tracker.training.interrupts import interrupted_later


@pytest.fixture(autouse=True)
def ctrl_c_is_heard() -> Iterator[None]:
    """In the background of a shell it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def inside(act: Callable[[], None], times: int, done: list[int]) -> None:
    with interrupted_later():
        for number in range(times):
            act()
            done.append(number)


@pytest.mark.parametrize(("times", "done"), [(1, [0]), (2, [0])])
def test_ctrl_c_waits_for_the_end_but_a_second_one_does_not(times: int, done: list[int]) -> None:
    told: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        inside(interrupt, times, told)
    assert told == done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_ctrl_c_everything_is_as_before() -> None:
    inside(lambda: None, 3, [])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_listens_for_ctrl_c_goes_on_listening() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        inside(interrupt, 2, [])
        assert heard == [signal.SIGINT] * 2
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_changes() -> None:
    held: list[object] = []
    look = lambda: held.append(signal.getsignal(signal.SIGINT))
    thread = threading.Thread(target=inside, args=(look, 1, []))
    thread.start()
    thread.join()
    assert held == [signal.default_int_handler]
