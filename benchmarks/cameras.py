"""How many live cameras does this machine keep pace with? And what gives way where it does not?

    python benchmarks/cameras.py VIDEO [--cameras N,...] [--size WxH] [--segment-s S]
        [--truth FOLDER] [--no-video] [--set KEY=VALUE ...] [--json FILE]

The clip is sent over HTTP by so many cameras at once, at its own pace: as streams, or with
--segment-s as live lists of segments (HLS). `acme-tracker track`, in a process of its own, follows
them all, with an annotated video and without. Figures are means over the cameras: the share of the
frames that was tracked, and that is in the video, from the second second on: before that, frames
are dropped while the program starts; looks of the detector a second; tracks. With --truth (the
clip's own folder, say) also HOTA, for which every frame that was not tracked is missed.

What the server itself takes of the cores is little: it copies packets.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import av
from broadcast import broadcast, seconds_of
from machine import describe_machine, machine_lines
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from acme_tracker.evaluation.tracking import evaluate_tracking, read_pairs

STARTS_S = 1.0  # before that, frames are dropped while the program starts

console = Console(highlight=False)


@dataclass(frozen=True)
class Kept:
    """What one camera's run kept of what was sent.

    Attributes:
        tracked: share of the frames, once the program has started; `drawn` likewise.
        drawn: None without a video.
        hota: of all frames; None without truth.
    """

    tracked: float
    drawn: float | None
    looks_per_s: float
    tracks: int
    hota: float | None


def resized(video: Path, size: str, folder: Path) -> Path:
    """The clip in another size, as a camera would encode it."""
    width, height = map(int, size.split("x"))
    out = folder / "resized.mp4"
    with av.open(str(video)) as clip, av.open(str(out), "w") as copy:
        stream = clip.streams.video[0]
        rate = stream.average_rate or Fraction(25)
        made = copy.add_stream("libx264", rate=rate, options={"preset": "veryfast", "bf": "0"})
        made.width, made.height, made.pix_fmt = width, height, "yuv420p"
        made.codec_context.gop_size = round(rate)
        for frame in clip.decode(stream):
            copy.mux(made.encode(frame.reformat(width, height, "yuv420p")))
        copy.mux(made.encode(None))
    return out


def times_of(video: Path) -> list[float]:
    """When its frames are shown, in seconds from the first."""
    with av.open(str(video)) as clip:
        stream = clip.streams.video[0]
        times = sorted(seconds_of(p.pts, p) for p in clip.demux(stream) if p.size)
    return [at - times[0] for at in times]


def run(urls: Sequence[str], out: Path, words: Sequence[str]) -> list[Path]:
    """Track all cameras until their streams end; the folders of their results."""
    command = [sys.executable, "-m", "acme_tracker", "track", *urls, "-o", str(out), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    folders = sorted(path.parent for path in out.glob("*/summary.json"))
    if len(folders) != len(urls):
        raise SystemExit(f"acme-tracker: {done.stderr.strip() or done.stdout.strip()}")
    return folders


def kept(folder: Path, sent_s: Sequence[float], truth: Path | None) -> Kept:
    """What a run left of frames sent at these times; SystemExit if it did not get to their end."""
    told = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    if "ended after" not in told["state"]:  # as a stream does: a camera never has an end
        raise SystemExit(f"{told['source']}: {told['state']}")
    lines = (folder / "tracks.jsonl").read_text(encoding="utf-8").splitlines()
    tracked_s = [json.loads(line)["time_s"] for line in lines]
    video, hota = folder / "annotated.mp4", None
    if truth is not None:
        report = evaluate_tracking(read_pairs(truth, folder / "tracks.csv", {}, strict=False))
        hota = float(report.as_dict()["total"]["HOTA"])
    sent = started(sent_s)
    return Kept(
        tracked=started(tracked_s) / sent,
        drawn=started(times_of(video)) / sent if video.exists() else None,
        looks_per_s=told["detector_calls"]["total"] / sent_s[-1],
        tracks=told["unique_tracks"]["total"],
        hota=hota,
    )


def started(times_s: Sequence[float]) -> int:
    """How many are late enough: while the program starts, frames are dropped."""
    return sum(at > STARTS_S for at in times_s)


def measure(arguments: argparse.Namespace, video: Path) -> dict[str, list[Kept]]:
    """By what was run, a figure a camera."""
    sent_s, found = times_of(video), {}
    settings = [word for one in arguments.set for word in ("--set", one)]
    for count in map(int, arguments.cameras.split(",")):
        for words in (["--no-video"],) if arguments.no_video else ([], ["--no-video"]):
            name = f"{count}{', no video' if words else ''}"
            with (
                console.status(f"cameras: {name}"),
                TemporaryDirectory() as out,
                broadcast(video, count, arguments.segment_s) as urls,
            ):
                folders = run(urls, Path(out), [*words, *settings])
                found[name] = [kept(one, sent_s, arguments.truth) for one in folders]
    return found


def table_of(found: dict[str, list[Kept]]) -> Table:
    table = Table(Column("cameras", no_wrap=True), box=SIMPLE_HEAD, pad_edge=False)
    for title in ("tracked", "in the video", "looks/s", "tracks", "HOTA"):
        table.add_column(title, justify="right")
    for name, cameras in found.items():
        drawn = [one.drawn for one in cameras if one.drawn is not None]
        hota = [one.hota for one in cameras if one.hota is not None]
        table.add_row(
            name,
            f"{mean(one.tracked for one in cameras):.0%}",
            f"{mean(drawn):.0%}" if drawn else "",
            f"{mean(one.looks_per_s for one in cameras):.1f}",
            f"{mean(one.tracks for one in cameras):.1f}",
            f"{mean(hota):.1f}" if hota else "",
        )
    return table


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What is kept of live cameras")
    parser.add_argument("video", type=Path)
    parser.add_argument("--cameras", default="1,2,3", help="how many at once")
    parser.add_argument("--size", help="of the pictures, WxH; the clip's own if absent")
    parser.add_argument("--segment-s", type=float, help="send lists of segments of so many seconds")
    parser.add_argument("--truth", type=Path, help="folder of the clip's true tracks")
    parser.add_argument("--no-video", action="store_true", help="only without an annotated video")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="settings")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    arguments = parser.parse_args()
    if arguments.size and arguments.truth:
        parser.error("--truth is in the pixels of the clip: leave --size out")
    return arguments


def main() -> None:
    arguments = parse()
    machine = describe_machine()
    with TemporaryDirectory() as folder:
        video = arguments.video
        if arguments.size:
            video = resized(video, arguments.size, Path(folder))
        found = measure(arguments, video)
    console.print(*machine_lines(machine), sep="\n", soft_wrap=True)
    console.print(table_of(found))
    if arguments.json:
        told = {name: [asdict(one) for one in cameras] for name, cameras in found.items()}
        report = {"machine": machine, "cameras": told}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
