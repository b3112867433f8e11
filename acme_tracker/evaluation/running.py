"""Track labelled sequences in several ways and compare them: accuracy beside cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter, process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acme_tracker.config import DetectorSettings
from acme_tracker.datasets import Sequence as TruthSequence
from acme_tracker.datasets.maps import check_class_map
from acme_tracker.datatypes import ClassList, FrameResult, TrackRows
from acme_tracker.evaluation.frames import batches, check_names, open_frames
from acme_tracker.evaluation.oracles import TruthDetector, with_ideal_ids
from acme_tracker.evaluation.setups import COSTS, Cost, Oracle, Setup
from acme_tracker.evaluation.tracking import (
    SequenceScores,
    Tracked,
    TrackingReport,
    evaluate_tracking,
    pair,
)
from acme_tracker.frames import Frame
from acme_tracker.interfaces import Detector, FrameWatcher
from acme_tracker.session import TrackingSession

ClassMap = Mapping[str, str | None]  # None drops
OpenDetector = Callable[[DetectorSettings], Detector]


@dataclass(frozen=True, eq=False)
class SetupReport:
    """How a setup did.

    Attributes:
        scores: accuracy, by sequence and in total.
        costs: by sequence; of no meaning for an oracle.
        undominated: no other setup is as accurate (HOTA) for less CPU time, or more for as little.
    """

    setup: Setup
    scores: TrackingReport
    costs: Mapping[str, Cost]
    undominated: bool = False

    @cached_property
    def total(self) -> dict[str, float | int]:
        """Scores and costs over all sequences."""
        return self._figures(self.scores.total, sum(self.costs.values(), Cost()))

    @cached_property
    def by_sequence(self) -> dict[str, dict[str, float | int]]:
        """The same for each sequence."""
        return {row.name: self._figures(row, self.costs[row.name]) for row in self.scores.sequences}

    def _figures(self, scores: SequenceScores, cost: Cost) -> dict[str, float | int]:
        free = self.setup.oracle is not Oracle.NONE
        costs = dict.fromkeys(COSTS, float("nan")) if free else cost.figures()
        return {**scores.scores.figures(), **costs}

    def as_dict(self) -> dict[str, Any]:
        """For JSON; NaN for the costs of an oracle."""
        told = self.scores.as_dict()
        for name, figures in self.by_sequence.items():
            told["sequences"][name] |= figures
        told["total"] |= self.total
        return {**self.setup.words, "undominated": self.undominated, **told}


def evaluate_setups(
    sequences: Sequence[TruthSequence],
    setups: Sequence[Setup],
    open_detector: OpenDetector,
    class_map: ClassMap | None = None,
    ignore_above_px: float | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> list[SetupReport]:
    """Track every sequence in every way and score it.

    Args:
        sequences: with a video or pictures each.
        setups: different ways to track, alike in `source`; with Oracle.IDS only beside the same
            without, from whose tracks it follows.
        open_detector: opens what a setup's settings name.
        class_map: new names of classes, in the truth and in the tracks; None drops.
        ignore_above_px: tracked boxes whose bottom edge lies above this row do not count.
        advance: told how many frames were done, to show progress.

    Raises:
        DatasetError: a sequence has no pictures, or two have one name.
        ConfigError: the map names a class that neither truth nor tracks have.
        SourceError: a video cannot be read.
    """
    check_names(sequences)
    detectors = _Detectors(open_detector)
    ways = [setup for setup in setups if setup.oracle is not Oracle.IDS]
    known = [detectors.of(way).classes for way in ways if way.oracle is Oracle.NONE]
    check_class_map(class_map or {}, [*(s.classes for s in sequences), *known])
    by_sequence = [_track(sequence, ways, detectors, advance) for sequence in sequences]
    runs = dict(zip(ways, zip(*by_sequence, strict=True), strict=True))
    return _mark_front(
        [_report(s, runs[s.tracked_as], class_map or {}, ignore_above_px) for s in setups]
    )


# --- Tracking -----------------------------------------------------------------------------------


class _Detectors:
    """Opens every detector once, except those that watch one scene."""

    def __init__(self, open_detector: OpenDetector) -> None:
        self._open = open_detector
        self._shared: dict[DetectorSettings, Detector] = {}

    def of(self, setup: Setup) -> Detector:
        key = setup.settings.detector
        if key not in self._shared:
            self._shared[key] = self._open(setup.settings.detector)
        return self._shared[key]

    def for_sequence(self, setup: Setup, sequence: TruthSequence) -> Detector:
        if setup.oracle is Oracle.BOXES:
            return TruthDetector(sequence)
        shared = self.of(setup)
        return self._open(setup.settings.detector) if isinstance(shared, FrameWatcher) else shared


@dataclass(frozen=True, eq=False)
class _Run:
    """One sequence tracked in one way; the sequence with the truth of the frames that were seen."""

    sequence: TruthSequence
    rows: TrackRows
    classes: ClassList
    cost: Cost


@dataclass
class _Lane:
    """A session of one setup on one sequence, and what came of it."""

    session: TrackingSession
    cost: Cost = field(default_factory=Cost)
    rows: list[TrackRows] = field(default_factory=list)

    def track(self, frames: Sequence[Frame]) -> None:
        cpu_s, wall_s = process_time(), perf_counter()
        results = [self.session.step(frame) for frame in frames]
        cpu_s, wall_s = process_time() - cpu_s, perf_counter() - wall_s
        looks = sum(result.look is not None for result in results)
        self.cost += Cost(len(frames), looks, cpu_s, wall_s)
        self.rows += [_rows(result) for result in results]


def _rows(result: FrameResult) -> TrackRows:
    tracks = result.tracks.confirmed
    return TrackRows(
        frame_index=np.full(len(tracks), result.frame.index),
        track_id=tracks.track_id,
        xyxy=tracks.xyxy,
        class_id=tracks.class_id,
        score=tracks.score,
        scored=np.ones(len(tracks), bool),
        visibility=np.ones(len(tracks), np.float32),
    )


def _track(
    sequence: TruthSequence,
    setups: Sequence[Setup],
    detectors: _Detectors,
    advance: Callable[[int], None],
) -> list[_Run]:
    """All setups side by side, so that each picture is decoded once."""
    lanes = [
        _Lane(TrackingSession.from_settings(s.settings, detectors.for_sequence(s, sequence)))
        for s in setups
    ]
    source = setups[0].settings.source
    seen: list[int] = []
    with open_frames(sequence, source) as frames:
        for batch in batches(frames):
            for lane in lanes:
                if not seen and not isinstance(lane.session.detector, FrameWatcher):
                    lane.session.detector.detect([batch[0].image])  # the first call is slower
                lane.track(batch)
            seen += [frame.index for frame in batch]
            advance(len(batch))
    if source.start_s or source.duration_s is not None:
        inside = np.isin(sequence.rows.frame_index, np.arange(seen[0], seen[-1] + 1))
        sequence = replace(sequence, rows=sequence.rows[inside])
    return [
        _Run(sequence, TrackRows.concatenate(lane.rows), lane.session.classes, lane.cost)
        for lane in lanes
    ]


# --- Scoring ------------------------------------------------------------------------------------


def _report(
    setup: Setup, runs: Sequence[_Run], class_map: ClassMap, ignore_above_px: float | None
) -> SetupReport:
    pairs = [pair(run.sequence, run.rows, run.classes, class_map) for run in runs]
    if setup.oracle is Oracle.IDS:
        pairs = [_with_ideal_ids(one, ignore_above_px) for one in pairs]
    scores = evaluate_tracking(pairs, ignore_above_px)
    return SetupReport(setup, scores, {run.sequence.name: run.cost for run in runs})


def _with_ideal_ids(one: Tracked, ignore_above_px: float | None) -> Tracked:
    return replace(one, result=with_ideal_ids(one.truth, one.result, ignore_above_px))


def _mark_front(reports: Sequence[SetupReport]) -> list[SetupReport]:
    real = [report for report in reports if report.setup.oracle is Oracle.NONE]
    figures = [(report.total["cpu_ms_per_frame"], report.total["HOTA"]) for report in real]
    cost, value = np.array(figures, np.float64).reshape(-1, 2).T
    best = {
        report.setup for report, good in zip(real, undominated(cost, value), strict=True) if good
    }
    return [replace(report, undominated=report.setup in best) for report in reports]


def undominated(cost: NDArray[np.float64], value: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,) for which no other costs as little and is worth more, or costs less for as much."""
    as_cheap, as_good = cost[:, None] <= cost, value[:, None] >= value
    better = (cost[:, None] < cost) | (value[:, None] > value)
    return np.asarray(~(as_cheap & as_good & better).any(axis=0), np.bool_)
