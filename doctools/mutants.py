"""Changes `nnref` in small ways, to see whether the pages and the tests notice.

`make mutants` draws random changes (an operator, a comparison, a number, a loop that
does not run), and runs the pages against each, then the comparison with `nnref.plain`,
then the tests, until one notices. Cosmic Ray makes the changes; what runs, and in which
order, is decided here.
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
from functools import cached_property
from pathlib import Path
from queue import Queue

from doctools import copies
from doctools.equivalent import EQUIVALENT
from doctools.pages import DOCS, ROOT, markdown_pages

# An operator is replaced by others of its family: `a & b` for `a + b` fails at once.
FAMILIES = {
    "ReplaceBinaryOperator": (
        ("Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"),
        ("BitAnd", "BitOr", "BitXor", "LShift", "RShift"),
    ),
    "ReplaceComparisonOperator": (
        ("Eq", "NotEq", "Lt", "LtE", "Gt", "GtE"),
        ("Is", "IsNot"),
        ("In", "NotIn"),
    ),
}
KINDS = {
    *(
        f"{kind}_{a}_{b}"
        for kind, families in FAMILIES.items()
        for family in families
        for a in family
        for b in family
    ),
    "ReplaceUnaryOperator_USub_UAdd",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "AddNot",
    "NumberReplacer",
    "ZeroIterationForLoop",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
}
# Tests that have no module's name but look at nnref.
GENERAL = ("gradients", "robustness", "parity", "conformance")
# Compares nnref with nnref.plain: a second opinion, asked before the tests.
PLAIN = "tests/test_plain.py"
TIMEOUT = 900


@dataclass(frozen=True)
class Mutant:
    """One change: which operator, and at which of the places that it can change."""

    path: Path  # from the root of the repository
    operator: str
    occurrence: int
    line: int
    inside: str  # which function

    @cached_property
    def text(self) -> str:
        """The changed file."""
        # Here, not above: the build of the site asks this module for its options only.
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        code = (ROOT / self.path).read_text(encoding="utf-8")
        changed = mutate_code(code, get_operator(self.operator)(), self.occurrence)
        assert changed is not None
        return str(changed)

    @cached_property
    def change(self) -> str:
        """The changed line, before and after."""
        old = (ROOT / self.path).read_text(encoding="utf-8").splitlines()
        new = self.text.splitlines()
        pairs = [(a, b) for a, b in zip(old, new, strict=False) if a != b]
        before, after = pairs[0] if pairs else ("", "")
        return f"{before.strip()}  ->  {after.strip()}"

    @property
    def runs(self) -> bool:
        """Whether it is still Python: the `*` of a signature is no operator."""
        try:
            compile(self.text, self.path, "exec")
        except SyntaxError:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.inside}: {self.change}"

    def apply(self, root: Path) -> None:
        """Write the changed file below another root."""
        (root / self.path).write_text(self.text, encoding="utf-8")

    def undo(self, root: Path) -> None:
        """Write the file as it was."""
        shutil.copyfile(ROOT / self.path, root / self.path)


def mutants(path: Path) -> list[Mutant]:
    """Every change in the functions of a file, but for annotations and messages."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    text = path.read_text(encoding="utf-8")
    place, tree, parsed = path.relative_to(ROOT), get_ast(text), ast.parse(text)
    left_out, functions = [*_not_run(parsed)], _functions(parsed)
    found = []
    for name in operator_names():
        if name.split("/")[1] not in KINDS:
            continue
        operator = get_operator(name)()
        positions = (
            position
            for node in ast_nodes(tree)
            for position in operator.mutation_positions(node)
        )
        for occurrence, (start, _) in enumerate(positions):
            line = start[0]
            if line in functions and not any(a <= start < b for a, b in left_out):
                inside = functions[line]
                found.append(Mutant(place, name, occurrence, line, inside))
    return found


def _functions(tree: ast.Module) -> dict[int, str]:
    """Return the function that each line belongs to."""
    found: dict[int, str] = {}

    def visit(node: ast.AST, name: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                inner = f"{name}.{child.name}".lstrip(".")
                if isinstance(child, ast.FunctionDef):
                    last = child.end_lineno or 0
                    found.update(dict.fromkeys(range(child.lineno, last + 1), inner))
                visit(child, inner)

    visit(tree, "")
    return found


def _not_run(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield from where to where annotations and messages go."""
    for node in ast.walk(tree):
        part: ast.AST | None
        if isinstance(node, ast.FunctionDef):
            part = node.returns
        elif isinstance(node, (ast.arg, ast.AnnAssign)):
            part = node.annotation
        else:
            part = node if isinstance(node, (ast.Raise, ast.JoinedStr)) else None
        if isinstance(part, (ast.expr, ast.stmt)):
            end = part.end_lineno or 0, part.end_col_offset or 0
            yield (part.lineno, part.col_offset), end


def package_files() -> list[Path]:
    """The modules of the package, and the engines behind them."""
    folder = ROOT / "nnref"
    return sorted([*folder.glob("*.py"), *folder.glob("_engines/*.py")])


def order(module: str) -> list[str]:
    """The pages, those first that are likeliest to notice a change of this module."""
    needle = f"nnref.{module}"
    reference = DOCS / "reference" / f"{module}.md"

    def rank(page: Path) -> tuple[bool, int]:
        return page != reference, -page.read_text(encoding="utf-8").count(needle)

    found = sorted(markdown_pages(), key=rank)
    return [page.relative_to(ROOT).as_posix() for page in found]


def tests(module: str) -> list[str]:
    """The tests of nnref, that of the module first."""
    names = [module, *(p.stem for p in (ROOT / "nnref").glob("*.py")), *GENERAL]
    files = [f"tests/test_{name}.py" for name in dict.fromkeys(names)]
    return [file for file in files if (ROOT / file).is_file()]


def passes(root: Path, files: list[str]) -> bool:
    """Whether a run of these files passes."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", *files]
    env = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=env,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    # 1: tests failed, 2 to 4: an error while collecting or loading.
    if done.returncode not in range(5):
        raise RuntimeError(f"{done.stdout}{done.stderr}")
    return done.returncode == 0


def noticed(mutant: Mutant, root: Path, files: list[str]) -> bool:
    """Whether a run of these files fails with this change."""
    mutant.apply(root)
    try:
        return not passes(root, files)
    finally:
        mutant.undo(root)


def draw(files: list[Path], count: int, seed: int) -> list[Mutant]:
    """Draw lines, and a change of each: a line with many changes counts once."""
    rng = random.Random(seed)
    by_line: dict[tuple[Path, int], list[Mutant]] = {}
    for file in files:
        for mutant in mutants(file):
            by_line.setdefault((mutant.path, mutant.line), []).append(mutant)
    lines = list(by_line.values())
    for choices in lines:
        rng.shuffle(choices)
    rng.shuffle(lines)
    drawn: list[Mutant] = []
    while len(drawn) < count and any(lines):
        more = [choices.pop() for choices in lines if choices]
        drawn += [m for m in more if m.runs and not equivalent(m)]
    return drawn[:count]


def equivalent(mutant: Mutant) -> bool:
    """Whether the list says so, or the change is only one more copy."""
    before, _, after = mutant.change.partition("  ->  ")
    if before.replace("copy=False", "copy=True") == after:
        return True
    return f"{mutant.path.stem}.{mutant.inside}: {mutant.change}" in EQUIVALENT


def main() -> int:
    """Draw the changes, run them, report; fail below the given shares."""
    parser = argparse.ArgumentParser(
        prog="python -m doctools.mutants", description=__doc__
    )
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--pages", type=float, default=0.90, help="least share")
    parser.add_argument("--both", type=float, default=0.95, help="least share")
    parser.add_argument("modules", nargs="*", help="names such as losses; default: all")
    arguments = parser.parse_args()
    files = package_files()
    wanted = [f for f in files if not arguments.modules or f.stem in arguments.modules]
    drawn = draw(wanted, arguments.count, arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        roots: Queue[Path] = Queue()
        for job in range(arguments.jobs):
            roots.put(copies.copy(Path(folder) / str(job)))
        everything = [*order("dense"), PLAIN, *tests("dense")]
        if not passes(Path(folder) / "0", everything):
            parser.error("without a change, pages or tests fail")

        def run(mutant: Mutant) -> str:
            root, module = roots.get(), mutant.path.stem
            asked = {"pages": order(module), "plain": [PLAIN], "tests": tests(module)}
            try:
                answers = (by for by in asked if noticed(mutant, root, asked[by]))
                by = next(answers, "nobody")
            finally:
                roots.put(root)
            print(f"noticed by {by}: {mutant}", flush=True)
            return by

        with ThreadPoolExecutor(arguments.jobs) as pool:
            results = list(pool.map(run, drawn))
    number = max(len(results), 1)
    pages = results.count("pages") / number
    plain = pages + results.count("plain") / number
    both = 1 - results.count("nobody") / number
    print(
        f"{len(results)} changes: pages notice {pages:.1%}, "
        f"with nnref.plain {plain:.1%}, with tests {both:.1%}"
    )
    return 0 if pages >= arguments.pages and both >= arguments.both else 1


if __name__ == "__main__":
    sys.exit(main())
