"""The program's entry: `acme-tracker`, and `python -m acme_tracker`."""

import signal
import sys

if "__mp_main__" in sys.modules:
    # Python loads this again in the processes that `multiprocessing` starts. A terminal sends
    # Ctrl-C to them too; they leave it to the first one, which ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run() -> None:
    """Run the command line; Ctrl-C while it still loads is no crash."""
    try:
        from acme_tracker.cli.main import run as run_commands

        run_commands()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
