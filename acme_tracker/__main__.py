"""The program's entry: `acme-tracker`, and `python -m acme_tracker`."""

import sys


def run() -> None:
    """Run the command line; Ctrl-C while it still loads is no crash."""
    try:
        from acme_tracker.cli.main import run as run_commands

        run_commands()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
