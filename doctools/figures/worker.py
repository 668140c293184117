"""Draws blocks in processes of their own, several at a time.

A worker reads one JSON line a block and answers with one. It imports matplotlib once,
and ends by itself when whoever started it is gone.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from doctools.pages import ROOT, Block

# A page's name, one of its blocks, whether as pictures, too.
Job = tuple[str, Block, bool]
# {"figures": [...], "pictures": [...]} or {"error": message}
Answer = dict[str, Any]


class Worker:
    """A process that draws, replaced when a block kills it."""

    def __init__(self) -> None:
        self._process = _start()

    def draw(self, page: str, block: Block, pictures: bool = False) -> Answer:
        """Have one block drawn."""
        if self._process.poll() is not None:
            self._process = _start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            job = json.dumps([page, block.line, block.code, block.controls, pictures])
            process.stdin.write(job.encode() + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if not answer:
            process.communicate()
            reason = f"this block ended its process, exit code {process.returncode}"
            return {"error": f"{page}:{block.line}: {reason}"}
        found: Answer = json.loads(answer)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _start() -> subprocess.Popen[bytes]:
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **one_thread, "MPLBACKEND": "agg"},
    )


def draw_many(jobs: Sequence[Job]) -> list[Answer]:
    """Draw blocks on all processors; answers in the order of the blocks."""
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for i in range(len(jobs)):
        waiting.put(i)
    answers: list[Answer] = [{} for _ in jobs]

    def work() -> None:
        with Worker() as worker:
            while True:
                try:
                    i = waiting.get_nowait()
                except queue.Empty:
                    return
                answers[i] = worker.draw(*jobs[i])

    count = min(len(jobs), os.cpu_count() or 1)
    with ThreadPoolExecutor(max(count, 1)) as pool:
        for future in [pool.submit(work) for _ in range(count)]:
            future.result()
    return answers


def main() -> None:
    """Answer until there is nothing more to read."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback
    # Answers go to the real standard output; what a block writes there, elsewhere.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    from doctools.blocks import BlockError
    from doctools.figures.drawing import draw

    for job in sys.stdin.buffer:
        page, line, code, controls, wanted = json.loads(job)
        block = Block(line, code, controls=tuple(controls))
        pictures: list[str] | None = [] if wanted else None
        try:
            drawn = draw(block, page, pictures)
            answer: Answer = {"figures": drawn, "pictures": pictures or []}
        except BlockError as error:
            answer = {"error": str(error)}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
