"""A picture of confidence beside the share of boxes that were right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from acme_tracker.errors import OutputError
from acme_tracker.metrics.confidence import Reliability


def draw_reliability(by_name: Mapping[str, Reliability], path: Path) -> None:
    """Write a PNG: a line a name; on the diagonal confidence is what it says. Bars count boxes.

    Raises:
        OutputError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 7), dpi=110, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], "--", color="0.6")
    width = 0.08 / max(1, len(by_name))
    for number, (name, told) in enumerate(by_name.items()):
        colour = f"C{number % 10}"
        label = f"{name}: calibration error {told.error:.3f}"
        upper.plot(told.confidence, told.right, "o-", color=colour, label=label)
        aside = (number - (len(by_name) - 1) / 2) * width
        share = told.count / max(1, told.count.sum())
        lower.bar(told.confidence + aside, share, width, color=colour)
    upper.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share right (IoU >= 0.5)")
    upper.legend(loc="upper left", fontsize=8)
    lower.set(xlabel="confidence, mean of each tenth", ylabel="share of boxes")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    try:
        figure.savefig(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
