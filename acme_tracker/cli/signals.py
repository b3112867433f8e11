"""What ends a command from outside: Ctrl-C, SIGTERM and a closed terminal."""

from __future__ import annotations

import signal


def heard_signals() -> list[signal.Signals]:
    """Those that this system has, but for the ones that whoever started us made us ignore."""
    found = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    return [n for n in found if n and signal.getsignal(n) is not signal.SIG_IGN]  # nohup
