"""Does memory stay flat over a long run? Traffic that never ends, through the whole program.

    python benchmarks/memory.py [--frames 90000] [--visual-tracker NAME] [--detector NAME]

Patches with texture enter, cross and leave a small picture for ever, several at once: 54 tracks
every 1000 frames. They go through all that `acme-tracker track` does with one source: threads,
session, result files, annotated video (in a temporary folder). The detector answers with the true
boxes, unless another is named.

The resident memory of the process is printed every 1000 frames (of short runs 20 times). Growth is
the slope of the least-squares line through the second half of the run. Exit code 1 if it comes to
more than 8 MiB over that half.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

import cv2
import numpy as np
from machine import describe_machine, machine_lines

from acme_tracker.config import TrackSettings
from acme_tracker.datatypes import ClassList, Detections, EventKind, FrameResult, TrackEvent
from acme_tracker.detection.registry import open_detector
from acme_tracker.frames import Frame, Image, SourceInfo
from acme_tracker.interfaces import Detector
from acme_tracker.outputs import ResultFolders, Run, track_source

LIMIT_MIB = 8.0
SAMPLE_EVERY, LEAST_SAMPLES = 1000, 20

SIZE = (160, 120)  # (width, height), pixels
RATE = 25.0
LANES, LANE_PX = 6, 20
PERIOD = 111  # frames from one patch of a lane to the next
PATCH = (24, 16)
LOOKS = 40
LEAST_VISIBLE_PX = 12  # what is less in the picture is not found


class Patch(NamedTuple):
    look: int
    left: int
    top: int


def traffic_at(index: int) -> list[Patch]:
    """Where patches are on a frame, from its number alone: nothing piles up in the benchmark."""
    patches = []
    for lane in range(LANES):
        number, age = divmod(index + 17 * lane, PERIOD)
        step_px = 2 + (number + lane) % 3
        way = age * step_px
        left = way - PATCH[0] if lane % 2 else SIZE[0] - way
        patches.append(Patch((7 * number + 13 * lane) % LOOKS, left, lane * LANE_PX + 2))
    return patches


class EndlessTraffic:
    """A FrameSource of the patches of `traffic_at`."""

    def __init__(self, frames: int) -> None:
        self.info = SourceInfo("endless traffic", "endless_traffic", SIZE, RATE, frames)
        self._frames = frames
        rng = np.random.default_rng(0)
        self._road = _texture(rng, SIZE)
        self._looks = [_texture(rng, PATCH) for _ in range(LOOKS)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self._frames):
            yield Frame.of_image(self._draw(index), index, index / RATE, self.info.source_id)

    def _draw(self, index: int) -> Image:
        image = self._road.copy()
        for look, left, top in traffic_at(index):
            seen = image[top : top + PATCH[1], max(left, 0) : max(left + PATCH[0], 0)]
            first = max(-left, 0)
            seen[:] = self._looks[look][:, first : first + seen.shape[1]]
        return image


class TrueBoxes:
    """A detector that knows: it watches the frames, and answers with the boxes of the last one."""

    classes = ClassList(("car",))

    def __init__(self) -> None:
        self._index = 0

    def watch(self, frame: Frame) -> None:
        self._index = frame.index

    def forget(self) -> None: ...

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        lefts, tops = np.array([patch[1:] for patch in traffic_at(self._index)], np.float32).T
        xyxy = np.stack([lefts, tops, lefts + PATCH[0], tops + PATCH[1]], axis=1)
        xyxy[:, ::2] = xyxy[:, ::2].clip(0, SIZE[0])
        xyxy = xyxy[xyxy[:, 2] - xyxy[:, 0] >= LEAST_VISIBLE_PX]
        count = len(xyxy)
        return [Detections.of(xyxy, np.full(count, 0.9), np.zeros(count)) for _ in images]


class MemoryLog:
    """A sink that notes, and prints, the process's memory every so many frames."""

    def __init__(self, every: int) -> None:
        self.samples: list[tuple[int, float]] = []  # frames so far, MiB
        self._every = every
        self._tracks = 0
        self._started = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def write(self, result: FrameResult) -> None:
        self.end(result.events)
        frames = result.frame.index + 1
        if frames % self._every == 0:
            self.samples.append((frames, resident_mib()))
            speed = frames / (time.perf_counter() - self._started)
            line = f"{frames:>9}{self.samples[-1][1]:>10.1f}{self._tracks:>10}{speed:>10.0f}"
            print(line, flush=True)

    def end(self, events: Sequence[TrackEvent]) -> None:
        self._tracks += sum(event.kind is EventKind.ENDED for event in events)


def _texture(rng: np.random.Generator, size: tuple[int, int]) -> Image:
    noise = rng.integers(0, 256, (size[1] // 4, size[0] // 4, 3), np.uint8)
    return np.asarray(cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def resident_mib() -> float:
    """Memory of this process that lies in RAM; where the system does not say: the most so far."""
    statm = Path("/proc/self/statm")
    if statm.is_file():
        pages = int(statm.read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def slope_kib(samples: Sequence[tuple[int, float]]) -> float:
    """KiB every 1000 frames, by least squares."""
    frames, mib = np.array(samples).T
    return float(np.polyfit(frames / 1000, mib * 1024, 1)[0])


def run(settings: TrackSettings, detector: Detector, frames: int, log: MemoryLog) -> Run:
    """Track endless traffic, for that many frames, into a folder that goes away."""
    with TemporaryDirectory() as folder:
        return track_source(
            EndlessTraffic(frames),
            settings,
            detector,
            ResultFolders(Path(folder)),
            watchers=[lambda *_: log],
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="Memory over a long run")
    parser.add_argument("--frames", type=int, default=90_000)
    parser.add_argument("--visual-tracker", default="flow")
    parser.add_argument("--detector", help="in place of the true boxes, e.g. motion")
    arguments = parser.parse_args()
    if arguments.frames < 100:
        parser.error("--frames must be at least 100")
    settings = TrackSettings.load(overrides={"visual_tracker.name": arguments.visual_tracker})
    detector: Detector = TrueBoxes()
    if arguments.detector:
        chosen = TrackSettings.load(overrides={"detector.name": arguments.detector})
        detector = open_detector(chosen.detector)
    print(*machine_lines(describe_machine()), sep="\n")
    print(f"{'frames':>9}{'MiB':>10}{'tracks':>10}{'frames/s':>10}")
    log = MemoryLog(min(SAMPLE_EVERY, arguments.frames // LEAST_SAMPLES))
    done = run(settings, detector, arguments.frames, log)
    if done.error is not None:
        raise done.error
    half = [sample for sample in log.samples if sample[0] >= arguments.frames / 2]
    slope = slope_kib(half)
    growth_mib = slope * (half[-1][0] - half[0][0]) / 1000 / 1024
    print(f"after the files were finished: {resident_mib():.1f} MiB")
    print(
        f"growth over the second half: {slope:.1f} KiB every 1000 frames, {growth_mib:.2f} MiB "
        f"in all (limit {LIMIT_MIB:g} MiB)"
    )
    return int(growth_mib > LIMIT_MIB)


if __name__ == "__main__":
    sys.exit(main())
