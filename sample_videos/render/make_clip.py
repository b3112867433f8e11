"""Renders a clip with exact truth: python sample_videos/render/make_clip.py intersection

Frames are files in a cache: stop and start as you like, or let several processes share the work
with --part. The clip is written once all frames are there. The README beside this says more.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from render.clip import Cache, movers_of, write_clip  # noqa: E402
from render.scene import WEATHERS, Scene  # noqa: E402
from render.scenes import SCENES, scene  # noqa: E402


def main() -> int:
    options = _parser().parse_args()
    wanted = _altered(scene(options.scene, options.seed), options)
    name = f"{wanted.name}-{wanted.weather}-{wanted.seed}"
    cache = Cache((options.cache or _cache_home()) / name)
    asked = (options.frames, options.seed, options.weather, options.samples,
             options.frame_rate, options.view, options.width)  # fmt: skip
    own = all(option is None for option in asked)
    out = options.out or (HERE.parent / wanted.name if own else Path("out") / name)
    if problem := _claim(cache, wanted):
        print(problem, file=sys.stderr)
        return 2
    movers = movers_of(wanted)
    numbers = options.only or list(range(wanted.frames))
    turn, parts = options.part
    missing = cache.missing(numbers)[turn - 1 :: parts]
    if missing or not cache.meshes.is_file():
        _render(wanted, movers, cache, missing, options.threads)
    left = cache.missing(list(range(wanted.frames)))
    if left:
        print(f"{len(left)} of {wanted.frames} frames are not rendered yet")
        return 0
    write_clip(wanted, movers, cache, out, options.crf, options.pictures)
    print(f"wrote {out}")
    return 0


def _altered(wanted: Scene, options: argparse.Namespace) -> Scene:
    """The scene as the options want it."""
    camera = wanted.camera
    if options.view is not None:
        camera = camera.moved(options.view)
    if options.width:
        camera = camera.resized(options.width)
    rate = options.frame_rate or wanted.frame_rate
    return replace(
        wanted,
        camera=camera,
        frame_rate=rate,
        seconds=options.frames / rate if options.frames else wanted.seconds,
        weather=options.weather or wanted.weather,
        samples=options.samples or wanted.samples,
    )


def _render(wanted: Scene, movers: list, cache: Cache, missing: list[int], threads: int) -> None:  # type: ignore[type-arg]
    from render.blender.stage import Quality, Stage

    stage = Stage(wanted, movers, wanted.weather, Quality(wanted.samples, threads))
    stage.build(missing)
    if not cache.meshes.is_file():
        stage.export_meshes(cache.meshes)
    for done, number in enumerate(missing):
        if not cache.light(number).is_file():
            started = time.perf_counter(), time.process_time()
            stage.render_light(number, cache.light(number))
            wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
            print(f"frame {number}: {done + 1}/{len(missing)}, {wall:.1f} s, CPU {cpu:.1f} s",
                  flush=True)  # fmt: skip
    stage.trace_index()
    for number in missing:
        if not cache.index(number).is_file():
            stage.render_index(number, cache.index(number))


def _claim(cache: Cache, wanted: Scene) -> str:
    """Marks the cache as this clip's; a reason not to use it if it holds another's frames."""
    cache.folder.mkdir(parents=True, exist_ok=True)
    mark = cache.folder / "clip.json"
    own = {
        "samples": wanted.samples,
        "frame_rate": wanted.frame_rate,
        "camera": hashlib.sha256(repr(wanted.camera).encode()).hexdigest()[:16],
        "code": _digest(),
    }
    if mark.is_file() and json.loads(mark.read_text()) != own:
        return (
            f"{cache.folder} holds frames of other settings or of other code: delete it, or name"
            " another folder with --cache"
        )
    mark.write_text(json.dumps(own))
    return ""


def _digest() -> str:
    """Of all code that frames and truth depend on."""
    found = hashlib.sha256()
    for path in sorted(HERE.rglob("*.py")):
        if path.name not in ("make_clip.py", "clip.py", "lens.py", "encode.py", "counts.py"):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def _cache_home() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "acme_tracker" / "render"


def _part(text: str) -> tuple[int, int]:
    turn, _, parts = text.partition("/")
    if not (turn.isdigit() and parts.isdigit() and 1 <= int(turn) <= int(parts)):
        raise argparse.ArgumentTypeError(f"wanted 1/2, 2/2, ..., got {text}")
    return int(turn), int(parts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("scene", choices=sorted(SCENES))
    parser.add_argument("--frames", type=int, help="how many, from the start; default: all")
    parser.add_argument("--only", type=int, nargs="+", help="render these frames (from 0) for now")
    parser.add_argument("--seed", type=int, help="other traffic; default: the scene's own")
    parser.add_argument("--weather", choices=WEATHERS, help="default: the scene's own")
    parser.add_argument("--frame-rate", type=int, help="frames a second; default: the scene's own")
    parser.add_argument("--view", type=int, help="another place for the camera, by this seed")
    parser.add_argument("--width", type=int, help="of the picture in pixels, its shape is kept")
    parser.add_argument("--samples", type=int, help="rays a pixel; default: the scene's own")
    parser.add_argument(
        "--out", type=Path, help="default: beside render/, or out/... where options are given"
    )
    parser.add_argument(
        "--pictures", action="store_true", help="write frames as img1/*.jpg, to train on, no video"
    )
    parser.add_argument("--cache", type=Path, help="where the frames lie; default: ~/.cache/...")
    parser.add_argument("--part", type=_part, default=(1, 1), help="1/2: every second frame")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--crf", type=int, default=23, help="the encoder's quality, less is better")
    return parser


if __name__ == "__main__":
    sys.exit(main())
