"""`acme-tracker evaluate`: how good a detector or tracking is, by the field's own metrics."""

from __future__ import annotations

import typer

from acme_tracker.cli.evaluate import detection, following, run, tracking

app = typer.Typer(help="Score detectors and tracking on labelled data.", no_args_is_help=True)
app.command("detection")(detection.detection)
app.command("tracking")(tracking.tracking)
app.command("run")(run.run)
app.command("following")(following.following)
