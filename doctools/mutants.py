"""Changes an operator or constant of `nnref`, to see whether the pages notice.

`python -m doctools.mutants --count 50` draws random changes in public functions and
their helpers, runs the pages (not the tests) against each, and lists those that pass.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from doctools.pages import DOCS, ROOT, markdown_pages

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.Pow: "*",
    ast.MatMult: "+",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.And: "or",
    ast.Or: "and",
    ast.BitAnd: "|",
    ast.BitOr: "&",
}
# What a run of the pages needs.
NEEDED = ("docs", "nnref", "doctools", "conftest.py", "pyproject.toml", "README.md")
TIMEOUT = 300


@dataclass(frozen=True)
class Mutant:
    """One change: the text from `start` to `end` of a file becomes `new`."""

    path: Path
    line: int
    start: int
    end: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.old!r} -> {self.new!r}"

    def apply(self, root: Path) -> None:
        """Write the changed file below another root."""
        text = (ROOT / self.path).read_text(encoding="utf-8")
        changed = text[: self.start] + self.new + text[self.end :]
        (root / self.path).write_text(changed, encoding="utf-8")

    def undo(self, root: Path) -> None:
        """Write the file as it was."""
        shutil.copyfile(ROOT / self.path, root / self.path)


def mutants(path: Path) -> Iterator[Mutant]:
    """Every change of one operator, sign or number in the functions of a file."""
    text = path.read_text(encoding="utf-8")
    starts = [0]
    for row in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(row))
    rows = text.splitlines(keepends=True)

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(rows[line - 1].encode()[:column].decode())

    def mutant(line: int, start: int, end: int, new: str) -> Mutant:
        return Mutant(path.relative_to(ROOT), line, start, end, text[start:end], new)

    def operator(
        left: ast.expr, op: ast.AST, right: ast.expr, equals: str = ""
    ) -> Iterator[Mutant]:
        """The operator between two operands; `equals` follows it in `x += y`."""
        start = offset(left.end_lineno or 0, left.end_col_offset or 0)
        end = offset(right.lineno, right.col_offset)
        gap = text[start:end]
        sign = gap.strip("() \n\\")
        if type(op) in OPERATORS and gap.count(sign) == 1:
            at, new = start + gap.index(sign), OPERATORS[type(op)] + equals
            yield mutant(left.lineno, at, at + len(sign), new)

    tree = ast.parse(text)
    messages = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Raise, ast.JoinedStr))
        for inner in ast.walk(node)
    }
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    for function in functions:
        defaults = [d for d in function.args.kw_defaults if d] + function.args.defaults
        for root in (*function.body, *defaults):
            for node in ast.walk(root):
                if id(node) in messages:
                    continue
                if isinstance(node, ast.BinOp):
                    yield from operator(node.left, node.op, node.right)
                elif isinstance(node, ast.AugAssign):
                    yield from operator(node.target, node.op, node.value, "=")
                elif isinstance(node, ast.Compare):
                    lefts = (node.left, *node.comparators)
                    for left, op, right in zip(
                        lefts, node.ops, node.comparators, strict=False
                    ):
                        yield from operator(left, op, right)
                elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
                    at = offset(node.lineno, node.col_offset)
                    yield mutant(node.lineno, at, at + 1, "")
                elif isinstance(node, ast.Constant) and isinstance(
                    node.value, int | float
                ):
                    start = offset(node.lineno, node.col_offset)
                    end = offset(node.end_lineno or 0, node.end_col_offset or 0)
                    yield mutant(node.lineno, start, end, other(node.value))


def other(value: float) -> str:
    """Another constant of the same type."""
    if isinstance(value, bool):
        return str(not value)
    return str(value + 1) if isinstance(value, int) else repr(value * 2 or 1.0)


def order(module: str) -> list[str]:
    """The pages, those first that are likeliest to notice a change of this module."""
    needle = f"nnref.{module}"
    reference = DOCS / "reference" / f"{module}.md"

    def rank(page: Path) -> tuple[bool, int]:
        return page != reference, -page.read_text(encoding="utf-8").count(needle)

    found = sorted(markdown_pages(), key=rank)
    return [page.relative_to(ROOT).as_posix() for page in found]


def noticed(mutant: Mutant, root: Path) -> bool:
    """Whether a run of the pages fails with this change."""
    mutant.apply(root)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0"]
    env = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*command, *order(mutant.path.stem)],
            cwd=root,
            env=env,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    finally:
        mutant.undo(root)
    # 1: tests failed, 2: interrupted by an error while collecting.
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(f"{mutant}\n{done.stdout}{done.stderr}")
    return done.returncode != 0


def copy(root: Path) -> Path:
    """Copy what a run of the pages needs."""
    for name in NEEDED:
        source, target = ROOT / name, root / name
        if source.is_dir():
            shutil.copytree(
                source, target, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copyfile(source, target)
    return root


def main() -> int:
    """Draw the changes, run them, report; fail below the given share."""
    parser = argparse.ArgumentParser(
        prog="python -m doctools.mutants", description=__doc__
    )
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--least", type=float, default=0.9, help="share to be noticed")
    parser.add_argument("modules", nargs="*", help="names such as losses; default: all")
    arguments = parser.parse_args()
    files = sorted((ROOT / "nnref").glob("*.py"))
    wanted = [f for f in files if not arguments.modules or f.stem in arguments.modules]
    every = [m for file in wanted for m in dict.fromkeys(mutants(file))]
    random.Random(arguments.seed).shuffle(every)
    drawn = every[: arguments.count]
    with tempfile.TemporaryDirectory() as folder:
        roots: Queue[Path] = Queue()
        for job in range(arguments.jobs):
            roots.put(copy(Path(folder) / str(job)))

        def run(mutant: Mutant) -> bool:
            root = roots.get()
            try:
                found = noticed(mutant, root)
            finally:
                roots.put(root)
            print("noticed " if found else "SURVIVED", mutant, flush=True)
            return found

        with ThreadPoolExecutor(arguments.jobs) as pool:
            results = list(pool.map(run, drawn))
    share = sum(results) / max(len(results), 1)
    print(
        f"{sum(results)} of {len(results)} noticed ({share:.0%}); {len(every)} in all"
    )
    return 0 if share >= arguments.least else 1


if __name__ == "__main__":
    sys.exit(main())
