"""Times nnref beside PyTorch, and writes the table and the plot of the speed page.

Both libraries run in processes of their own, in turn: a round is one measurement of
each, and what counts is the median over the rounds of the ratio of the two, which holds
when the machine's speed drifts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys

from benchmarks.cases import CASES, Case


class Worker:
    """A library in a process of its own."""

    def __init__(self, library: str, threads: int, clock: str) -> None:
        count = str(threads)
        env = os.environ | {"OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count}
        command = [sys.executable, "-m", "benchmarks.worker", library]
        command += ["--threads", count, "--clock", clock]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )

    def seconds(self, case: Case) -> float:
        assert self.process.stdin
        assert self.process.stdout
        print(case.name, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def compare(
    cases: list[Case], threads: int, rounds: int, clock: str = "wall"
) -> dict[str, list[tuple[float, float]]]:
    """Return for each case the seconds of nnref and of PyTorch, round by round."""
    workers = [Worker(library, threads, clock) for library in ("nnref", "torch")]
    found: dict[str, list[tuple[float, float]]] = {}
    for case in cases:
        # Who goes first changes from round to round.
        for i in range(rounds):
            pair = workers if i % 2 == 0 else workers[::-1]
            times = [w.seconds(case) for w in pair]
            found.setdefault(case.name, []).append(
                (times[0], times[1]) if i % 2 == 0 else (times[1], times[0])
            )
    for worker in workers:
        worker.close()
    return found


def ratio(rounds: list[tuple[float, float]]) -> float:
    return statistics.median(ours / theirs for ours, theirs in rounds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("words", nargs="*", help="only cases with one of these")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    arguments = parser.parse_args()
    chosen = [
        c
        for c in CASES
        if not arguments.words or any(w in c.name for w in arguments.words)
    ]
    for threads in arguments.threads:
        print(f"{threads} thread(s): ms of nnref, ms of PyTorch, ratio, target")
        for case in chosen:
            rounds = compare([case], threads, arguments.rounds, arguments.clock)
            times = rounds[case.name]
            ours, theirs = (statistics.median(t[i] for t in times) for i in (0, 1))
            print(
                f"{case.name:<52} {1e3 * ours:8.2f} {1e3 * theirs:8.2f} "
                f"{ratio(times):5.2f}  {case.target or ''}",
                flush=True,
            )


if __name__ == "__main__":
    main()
