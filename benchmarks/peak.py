"""How large this process has grown: its own high-water mark; what the kernel tells of a child includes its parent."""

from __future__ import annotations

from pathlib import Path

PEAK_FILE = "BENCH_PEAK_FILE"
"""The environment names the file in which a measured process leaves its mark."""


def peak() -> float:
    """Megabytes resident at most since this program was started."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
