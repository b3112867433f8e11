"""The benchmarks run, and can fail: small inputs, no figures."""

from __future__ import annotations

import importlib
import json
import mmap
import sys
import time
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acme_tracker.config import SourceSettings, TrackSettings
from acme_tracker.datasets import open_sequences
from acme_tracker.errors import SourceError
from acme_tracker.evaluation.frames import open_frames
from acme_tracker.frames import Frame
from acme_tracker.video.sources import open_source
from tests.video.clips import read, write_clip

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks"
CLIP = ROOT / "sample_videos" / "drawn_crossing" / "video.mp4"
STAGES = {"decode", "watch", "follow", "detect", "associate"}


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the benchmarks as `python benchmarks/...` finds it."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == FOLDER:
            del sys.modules[name]


def burn(cpu_s: float) -> None:
    end = time.thread_time() + cpu_s
    while time.thread_time() < end:
        pass


def test_the_pipeline_benchmark_measures_both_loops_on_the_same_frames(
    benchmark: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = tmp_path / "report.json"
    words = "--duration 1 --repeat 1 --visual-tracker flow --no-video"
    words += f" --set redetection.every_frames=2 --png {tmp_path / 'speed.png'} --json"
    monkeypatch.setattr(sys, "argv", ["pipeline.py", str(CLIP), *words.split(), str(report)])
    benchmark("pipeline").main()

    assert (tmp_path / "speed.png").stat().st_size > 10_000
    variants = json.loads(report.read_text())["variants"]
    ours, usual = variants["acme_tracker flow, no video"], variants["usual loop, no video"]
    assert {found["frames"] for found in variants.values()} == {25}
    assert (ours["looks"], usual["looks"]) == (13, 1)
    assert set(ours["cpu_ms_per_frame_by_stage"]) >= STAGES
    spent = sum(ours["cpu_ms_per_frame_by_stage"].values())
    assert spent == pytest.approx(ours["cpu_ms_per_frame"])
    ratio = ours["frames_per_second"] / usual["frames_per_second"]
    assert ours["vs_usual"]["frames_per_second"] == pytest.approx(ratio)
    ratio_to_floor = ours["frames_per_second"] / variants["decode"]["frames_per_second"]
    assert ours["vs_floor"]["frames_per_second"] == pytest.approx(ratio_to_floor)
    assert f"{ratio:.1f}x" in capsys.readouterr().out


def test_a_run_that_fails_ends_the_benchmark_with_its_error(benchmark: Any) -> None:
    pipeline = benchmark("pipeline")
    job = pipeline.Job("decode", "absent.mp4", "motion", "flow", None, False, 1)
    with pytest.raises(SystemExit, match=r"decode: .*absent\.mp4"):
        pipeline.run_apart(job)


def test_rounds_that_did_not_do_the_same_work_are_pointed_out(benchmark: Any) -> None:
    pipeline = benchmark("pipeline")
    runs = [pipeline.Measured(25, looks, 40, 1.0, 900.0, {}) for looks in (3, 4)]
    assert pipeline.unlike({"changed": runs, "same": runs[:1] * 2}) == ["changed"]


@pytest.mark.parametrize(
    ("kind", "video"),
    [("ours", "video/annotated.mp4"), ("usual", "annotated.mp4"), ("transcode", "copy.mp4")],
)
def test_variants_leave_a_video_of_every_frame(
    kind: str, video: str, benchmark: Any, tmp_path: Path
) -> None:
    import av

    variants, meter = benchmark("variants"), benchmark("cpu_meter").CpuMeter()
    job = variants.Job(kind, str(CLIP), "motion", "flow", 1.4, True, 1)
    measured = variants.run(job, job.settings(1.4), tmp_path / "out", meter)

    assert measured.frames == 35
    assert (measured.objects > 0) == (kind != "transcode")
    with av.open(str(tmp_path / "out" / video)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 35


def test_a_stage_inside_another_counts_for_itself_only(benchmark: Any) -> None:
    meter = benchmark("cpu_meter").CpuMeter()
    with meter.stage("outer"):
        burn(0.01)
        with meter.stage("inner"):
            burn(0.05)
    spent = meter.take_ms()
    assert spent["inner"] >= 50
    assert 10 <= spent["outer"] < 40
    assert meter.take_ms() == {}


def test_making_items_is_a_stage_and_using_them_is_not(benchmark: Any) -> None:
    class Maker:
        def items(self) -> Any:
            for number in range(2):
                burn(0.01)
                yield number

    meter = benchmark("cpu_meter").CpuMeter()
    meter.wrap_items("make", Maker, "items")
    for _ in Maker().items():
        burn(0.05)
    assert 20 <= meter.take_ms()["make"] < 70


def test_the_usual_loop_keeps_ids_by_the_nearest_centroid(benchmark: Any) -> None:
    usual = benchmark("usual_loop")
    ids = usual.CentroidIds()

    def at(*lefts: float) -> Any:
        return np.array([(x, 10, x + 20, 30) for x in lefts], np.float32).reshape(-1, 4)

    assert ids.update(at(0, 100)) == [1, 2]
    assert ids.update(at(110, 10)) == [2, 1]
    assert ids.update(at(20, 300)) == [1, 3]
    for _ in range(usual.MAX_MISSED):
        ids.update(at())
    assert ids.update(at(20, 110)) == [1, 4]


def test_the_memory_benchmark_finds_a_short_run_flat(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["memory.py", "--frames", "400"])
    assert benchmark("memory").main() == 0
    lines = capsys.readouterr().out.splitlines()
    table = [line.split() for line in lines if line.strip()[:1].isdigit()]
    assert [int(row[0]) for row in table] == list(range(20, 401, 20))
    assert int(table[-1][2]) >= 10, "tracks come and go"
    assert "KiB every 1000 frames" in lines[-1]


def test_the_memory_benchmark_sees_a_leak(benchmark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = benchmark("memory")

    detector, kept = memory.TrueBoxes(), []
    watch = detector.watch

    def watch_and_keep(frame: Frame) -> None:
        watch(frame)
        # Straight from the system: the heap of a long test run has room for it without growing.
        kept.append(mmap.mmap(-1, 2**18))
        kept[-1].write(b"x" * 2**18)

    monkeypatch.setattr(detector, "watch", watch_and_keep)
    overrides = {"output.video": False, "visual_tracker.name": "kalman"}
    log = memory.MemoryLog(every=10)
    memory.run(TrackSettings.load(overrides=overrides), detector, 200, log)
    assert memory.slope_kib(log.samples[10:]) > 100 * 1024


def test_endless_traffic_shows_its_patches_where_it_says(benchmark: Any) -> None:
    memory = benchmark("memory")
    first, later = (list(memory.EndlessTraffic(61))[index] for index in (0, 60))
    detector = memory.TrueBoxes()
    detector.watch(later)
    found = detector.detect([later.image])[0]
    changed = (first.image != later.image).any(axis=2)
    assert len(found) >= 3
    for left, top, right, bottom in found.xyxy.astype(int):
        assert changed[top:bottom, left:right].mean() > 0.9


def test_the_training_benchmark_compares_bare_steps_with_whole_ones(
    benchmark: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from tests.training.scenes import TINY, write_data

    sets = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]
    words = ["--data", str(write_data(tmp_path / "data")), "--device", "cpu", "--rounds", "2"]
    report = tmp_path / "report.json"
    monkeypatch.setattr(sys, "argv", ["training.py", *words, *sets, "--json", str(report)])
    benchmark("training").main()
    found = json.loads(report.read_text())
    assert min(found[kind]["images_per_s"] for kind in ("bare", "whole")) > 0
    assert found["ratio"]["cpu"] > 0  # a busy machine may take it above 1
    assert "whole / bare: " in capsys.readouterr().out


def test_the_policy_benchmark_compares_cadences_with_the_default(
    benchmark: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report, picture = tmp_path / "report.json", tmp_path / "front.png"
    words = f"--data {CLIP.parent} --detector motion --sizes= --every 1,10"
    words += " --ways iou,batched --duration 3"
    files = ["--json", str(report), "--png", str(picture)]
    monkeypatch.setattr(sys, "argv", ["policy.py", *words.split(), *files])
    benchmark("policy").main()

    points = {(p["way"], p["every"]): p for p in json.loads(report.read_text())["points"]}
    assert set(points) == {("policy", None), *product(("iou", "batched"), (1, 10))}
    assert points["iou", 10]["looks"] == pytest.approx(0.1, abs=0.01)
    assert points["iou", 10]["cpu_ms"] < points["iou", 1]["cpu_ms"]
    assert points["batched", 10]["hota"] > points["iou", 10]["hota"]
    assert picture.stat().st_size > 10_000
    assert f"default: {points['policy', None]['hota']:.1f} for" in capsys.readouterr().out


def test_a_default_is_compared_with_cadences_of_equal_cost(benchmark: Any) -> None:
    policy = benchmark("policy")

    def point(way: str, every: int | None, hota: float, cpu_ms: float) -> Any:
        return policy.Point("", way, every, hota, cpu_ms, looks=1.0)

    points = [
        point("batched", 1, 60.0, 10.0),
        point("batched", 5, 50.0, 4.0),
        point("iou", 1, 58.0, 7.0),
        point("policy", None, 58.0, 7.0),
    ]
    told = " ".join(policy.verdicts([points]))
    assert "at least as good for no more: iou every 1" in told
    assert "fixed cadences of equal cost: 55.0" in told
    assert policy.at_equal_cost(point("policy", None, 58.0, 11.0), points[:2]) is None

    better = [replace(one, hota=one.hota + 4) if one.every is None else one for one in points]
    told = " ".join(policy.verdicts([points, better]))
    assert "default: 60.0 for 7.00" in told
    assert "view by view: +5.0 (+3.0 to +7.0)" in told


def test_a_mirrored_view_of_a_clip_shows_and_says_the_same(benchmark: Any, tmp_path: Path) -> None:
    views = benchmark("views")
    told = [str(view) for view in views.first_views(3)]
    assert told == ["from 0 s", "from 0 s, mirrored", "from 0.44 s"]

    (clip,) = open_sequences(CLIP.parent)
    (turned,) = views.mirrored([clip], tmp_path)
    (again,) = views.mirrored([turned], tmp_path / "again")
    assert clip.size is not None
    width = clip.size[0]
    assert (turned.rows.xyxy[:, [2, 0]] == width - clip.rows.xyxy[:, [0, 2]]).all()
    np.testing.assert_allclose(again.rows.xyxy, clip.rows.xyxy, atol=1e-4)
    whole = SourceSettings()
    with open_frames(clip, whole) as ours, open_frames(turned, whole) as theirs:
        for one, other in islice(zip(ours, theirs, strict=True), 10):
            assert one.time_s == pytest.approx(other.time_s, abs=1e-4)
            np.testing.assert_array_equal(one.luma[:, ::-1], other.luma)


def test_the_cameras_benchmark_tells_what_was_kept_of_each(
    benchmark: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clip, report = write_clip(tmp_path / "clip.mp4", 40), tmp_path / "report.json"
    words = f"{clip} --cameras 2 --no-video --set detector.name=motion --json {report}"
    monkeypatch.setattr(sys, "argv", ["cameras.py", *words.split()])
    benchmark("cameras").main()
    cameras = json.loads(report.read_text())["cameras"]
    assert list(cameras) == ["2, no video"]
    assert len(cameras["2, no video"]) == 2
    for kept in cameras["2, no video"]:
        assert 0 < kept["tracked"] <= 1
        assert kept["drawn"] is None
        assert kept["looks_per_s"] > 0
    assert "2, no video" in capsys.readouterr().out


def test_a_broadcast_in_segments_has_every_frame(benchmark: Any, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 50, keyframe_every=5)
    broadcast = benchmark("broadcast")
    parts, lengths_s = broadcast.cut(clip, 0.4)
    assert lengths_s == pytest.approx([0.4] * 5)  # more than are listed at first: it is live
    whole = tmp_path / "whole.ts"
    whole.write_bytes(b"".join(parts))
    assert len(read(whole)) == 50
    with (
        broadcast.broadcast(clip, 1, 0.4) as (url,),
        pytest.raises(SourceError, match="ended after 50 frames"),
        open_source(url, SourceSettings()) as source,
    ):
        list(source)


def test_a_camera_that_does_not_get_to_its_end_ends_the_benchmark(
    benchmark: Any, tmp_path: Path
) -> None:
    told = {"source": "http://camera", "state": "failed: the disk is full"}
    (tmp_path / "summary.json").write_text(json.dumps(told))
    with pytest.raises(SystemExit, match="http://camera: failed: the disk is full"):
        benchmark("cameras").kept(tmp_path, [0.0, 0.04], None)
