"""Times nnref beside PyTorch, and writes what it found into the page on speed.

Both libraries run in processes of their own, in turn: a round is one measurement of
each, and what counts is the median over the rounds of the ratio of the two, which holds
when the machine's speed drifts.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.alternatives import ALTERNATIVES, Alternative
from benchmarks.cases import CASES, GROWTH, MEMORY, Case


def command(library: str, threads: int, *more: str, **variables: str) -> dict[str, Any]:
    """Return the arguments that start a worker, with more of words and environment."""
    count = str(threads)
    variables |= {"OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count}
    env = os.environ | variables
    words = [sys.executable, "-m", "benchmarks.worker", library, "--threads", count]
    return {"args": [*words, *more], "env": env, "text": True}


class Worker:
    """A library in a process of its own, or what could be done instead."""

    def __init__(
        self, library: str, threads: int, clock: str, **variables: str
    ) -> None:
        start = command(library, threads, "--clock", clock, **variables)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(**start, **pipes)

    def seconds(self, case: Case | Alternative) -> float:
        assert self.process.stdin
        assert self.process.stdout
        print(case.name, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def compare(
    case: Case | Alternative, threads: int, rounds: int, clock: str
) -> tuple[float, ...]:
    """Return the medians of the milliseconds of nnref, of the other, of the ratio.

    The other is PyTorch, or what could be done instead.
    """
    ours = Worker("nnref", threads, clock)
    if isinstance(case, Alternative):
        theirs = Worker("instead", threads, clock, **case.environment)
    else:
        theirs = Worker("torch", threads, clock)
        rounds = case.rounds or rounds
    found = []
    for i in range(rounds):
        # Who goes first changes from round to round.
        times = {w: w.seconds(case) for w in ((ours, theirs), (theirs, ours))[i % 2]}
        found.append((times[ours], times[theirs]))
    ours.close()
    theirs.close()
    a, b = (1e3 * statistics.median(times) for times in zip(*found, strict=True))
    return a, b, statistics.median(a / b for a, b in found)


def megabytes(case: Case, library: str) -> float:
    """Return the median of the peak memory of a call, in fresh processes."""
    more = "--memory", case.name
    runs = [
        subprocess.run(**command(library, 1, *more), stdout=subprocess.PIPE, check=True)
        for _ in range(3)
    ]
    return statistics.median(int(run.stdout) / 2**20 for run in runs)


def machine() -> str:
    """Return the processor's name, where the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("words", nargs="*", help="only cases with one of these")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    arguments = parser.parse_args()

    def timed(case: Case | Alternative, threads: int) -> tuple[float, ...]:
        a, b, ratio = compare(case, threads, arguments.rounds, arguments.clock)
        print(f"{case.name:<64} {a:9.2f} {b:9.2f} {ratio:5.2f}", flush=True)
        return a, b, ratio

    times: dict[str, list[Any]] = {case.name: [] for case in CASES}
    for threads in arguments.threads:
        print(f"{threads} thread(s): ms of nnref, of PyTorch, ratio")
        for case in CASES:
            if not arguments.words or any(w in case.name for w in arguments.words):
                times[case.name] += timed(case, threads)
    print("ms of nnref, of an alternative, ratio")
    instead: dict[str, list[Any]] = {}
    for alternative in ALTERNATIVES:
        if not arguments.words or any(w in alternative.name for w in arguments.words):
            instead[alternative.name] = [*timed(alternative, 1)]
    if arguments.words:
        return  # part of the work is not worth a page
    about = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "Python": platform.python_version(),
        "NumPy": importlib.metadata.version("numpy"),
        "PyTorch": importlib.metadata.version("torch"),
    }
    memory = {
        case.name: [megabytes(case, library) for library in ("nnref", "torch")]
        for case in MEMORY
    }
    growth = {
        what: {n: timed(case, 1)[0] for n, case in cases.items()}
        for what, cases in GROWTH.items()
    }
    results = {
        "about": about,
        "times": times,
        "alternatives": instead,
        "memory": memory,
        "growth": growth,
    }
    report.write(results)


if __name__ == "__main__":
    main()
