"""What a measurement was made on."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from acme_tracker.resources import usable_cores
from acme_tracker.results.summary import versions


def describe_machine() -> dict[str, Any]:
    """Processor, cores, load and versions, as plain values."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "usable_cores": usable_cores(),
        "system": platform.platform(terse=True),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "versions": versions(),
    }


def machine_lines(machine: dict[str, Any]) -> list[str]:
    """The same to read."""
    found = [f"{name} {version}" for name, version in machine["versions"].items() if version]
    load = machine["load_average"]
    return [
        f"{machine['cpu']}, {machine['usable_cores']} of {machine['cores']} cores, "
        f"{machine['system']}" + ("" if load is None else f", load {load:.1f} at the start"),
        ", ".join(found),
    ]


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
