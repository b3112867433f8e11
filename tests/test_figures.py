from __future__ import annotations

from io import BytesIO

import pytest
from matplotlib.figure import Figure

from acme_tracker.figures import plain

NAMES = ("truck $^$", "$x^2$", "_bus", "50 $", "car [/big]")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_drawn_whatever_it_is(name: str) -> None:
    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([0, 1], label=plain(name))
    (shown,) = axes.legend().get_texts()
    axes.set_title(plain(name))
    figure.savefig(BytesIO())
    assert shown.get_text().strip().replace("\\$", "$") == name


def test_dollars_are_no_formula() -> None:
    drawn = []
    for text in (plain("$x$"), "$x$"):
        title = Figure().add_subplot().set_title(text)
        assert title.figure is not None
        drawn.append(title.get_window_extent().width)
    assert drawn[0] > drawn[1]  # the signs themselves are there
