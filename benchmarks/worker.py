"""A process that times the cases of one library, or alternatives, on request.

Each line read is the name of a case; each line written the seconds of one call. With
`--memory CASE` it writes the peak memory of one call instead, in bytes.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import sys
import time
from pathlib import Path

from benchmarks.alternatives import ALTERNATIVES
from benchmarks.cases import BY_NAME, Work

PERIOD = 0.05  # seconds that a measurement should last at least


def seconds(work: Work, clock: str) -> float:
    """Return the time of a call, from as many calls as fill the period."""
    now = time.process_time if clock == "cpu" else time.perf_counter
    calls, elapsed = 1, 0.0
    while True:
        start = now()
        for _ in range(calls):
            work()
        elapsed = now() - start
        if elapsed >= PERIOD:
            return elapsed / calls
        calls = max(calls + 1, int(1.2 * calls * PERIOD / max(elapsed, 1e-9)))


def status(field: str) -> int:
    """Return a field of what Linux tells of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(f"{field}:"))
    return 1024 * int(line.split()[1])


def peak(work: Work) -> int:
    """Return by how much a call raises the memory of this process at most (Linux)."""
    work()  # what is set up once does not count
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what has been freed goes back to the system
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what it is now
    before = status("VmRSS")
    kept = work()
    found = status("VmHWM") - before
    del kept
    return max(0, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", choices=["nnref", "torch", "instead"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    parser.add_argument("--memory", metavar="CASE")
    arguments = parser.parse_args()
    if arguments.library == "torch":
        import torch

        torch.set_num_threads(arguments.threads)

    cases = BY_NAME | {a.name: a for a in ALTERNATIVES}

    def made(name: str) -> Work:
        return getattr(cases[name], arguments.library)()

    if arguments.memory:
        print(peak(made(arguments.memory)), flush=True)
        return
    works: dict[str, Work] = {}
    for line in sys.stdin:
        name = line.rstrip("\n")
        if name not in works:
            works.clear()  # one case's memory at a time
            works[name] = made(name)
            works[name]()
        print(seconds(works[name], arguments.clock), flush=True)


if __name__ == "__main__":
    main()
