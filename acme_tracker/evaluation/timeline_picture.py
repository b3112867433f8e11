"""A picture of a timeline: every truth track over time, coloured by the result's ids."""

from __future__ import annotations

import colorsys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from acme_tracker.errors import OutputError
from acme_tracker.figures import plain
from acme_tracker.metrics.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS = 250  # more are not legible
_ROW_INCHES, _WIDTH_INCHES, _DPI = 0.13, 14.0, 100
_MISSED = (0.82, 0.82, 0.82)
_GOLDEN = 0.618034  # turns of hue between ids: neighbours differ

Colour = tuple[float, float, float]


def draw_timeline(told: Timeline, path: Path, title: str = "") -> None:
    """Write a PNG: a row a truth track, the first to come on top.

    A bar is a stretch under one result id, grey a gap, a black wedge a switch. Of more than 250
    tracks those with the most switches and missed boxes are shown.

    Raises:
        OutputError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    shown, tracks = _worst(told)
    height = 1.4 + _ROW_INCHES * max(8, len(tracks))
    figure = Figure(figsize=(_WIDTH_INCHES, height), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    rows = np.searchsorted(tracks, shown.truth_id) if len(tracks) else np.empty(0, np.int64)
    first = np.full(len(tracks), np.iinfo(np.int64).max)
    np.minimum.at(first, rows, shown.frame_index)
    place = np.argsort(np.argsort(first, kind="stable"), kind="stable")
    _bars(axes, shown, place[rows])
    axes.set_title(f"{plain(title)}  {_summary(told)}".strip(), loc="left", fontsize=10)
    axes.set_ylim(max(1, len(tracks)) - 0.4, -0.6)
    axes.set_yticks(place, [str(track) for track in tracks], fontsize=6)
    axes.set_ylabel("truth track")
    axes.set_xlabel("frame")
    axes.margins(x=0.01)
    try:
        figure.savefig(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None


def _worst(told: Timeline) -> tuple[Timeline, NDArray[np.int64]]:
    """The rows to show, and their truth tracks in order of id."""
    tracks, row = np.unique(told.truth_id, return_inverse=True)
    if len(tracks) <= _MOST_ROWS:
        return told, tracks
    errors = np.bincount(row, 10.0 * told.switched + ~told.found)
    chosen = np.sort(np.argsort(-errors, kind="stable")[:_MOST_ROWS])
    return told[np.isin(row, chosen)], tracks[chosen]


def _bars(axes: Axes, told: Timeline, place: NDArray[np.int64]) -> None:
    from matplotlib.collections import PolyCollection

    order = np.lexsort((told.frame_index, place))
    place, frame, result = place[order], told.frame_index[order], told.result_id[order]
    found, switched = told.found[order], told.switched[order]
    start = np.flatnonzero(
        np.diff(place, prepend=-1).astype(np.bool_)
        | (np.diff(frame, prepend=-2) != 1)
        | np.diff(result, prepend=-1).astype(np.bool_)
        | np.diff(found, prepend=False)
    )
    stop = np.append(start, len(place))[1:] - 1
    left, right, y = frame[start] - 0.5, frame[stop] + 0.5, place[start]
    thick = np.where(found[start], 0.42, 0.12)
    corners = np.stack(
        [left, y - thick, right, y - thick, right, y + thick, left, y + thick], axis=1
    ).reshape(-1, 4, 2)
    colours = [
        _colour(one) if seen else _MISSED
        for one, seen in zip(result[start].tolist(), found[start].tolist(), strict=True)
    ]
    axes.add_collection(PolyCollection(list(corners), facecolors=colours, linewidths=0))
    axes.plot(frame[switched] - 0.5, place[switched] - 0.25, "kv", markersize=4, linestyle="none")
    axes.autoscale_view(scaley=False)


def _colour(result_id: int) -> Colour:
    return colorsys.hsv_to_rgb(result_id * _GOLDEN % 1, 0.75, (0.65, 0.95)[result_id % 2])


def _summary(told: Timeline) -> str:
    tracks = len(np.unique(told.truth_id))
    shown = f" ({_MOST_ROWS} with most errors shown)" if tracks > _MOST_ROWS else ""
    return (
        f"{tracks} truth tracks{shown}, {told.switched.sum()} switches (wedges), "
        f"{(~told.found).sum()} of {len(told)} boxes missed (grey); a colour is a result id"
    )
