"""`python -m acme_tracker` is `acme-tracker`."""

from acme_tracker.cli.main import run

run()
