"""Finds the commands that pages tell a reader to type, and checks them unrun.

A command is a line of a ```text or ```sh fence, or a piece of inline code, whose first
word is a program. Targets, modules, options, files and node ids must exist; a program
that nothing here can check is a fault itself.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import io
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from unittest import mock

from doctools import pages
from doctools.blocks import page_name
from doctools.pages import ROOT
from eqcheck.outside.markdown import paragraphs

# Words that begin a command, whether or not it can be checked.
# fmt: off
PROGRAMS = {
    ".", "apt", "apt-get", "brew", "cd", "conda", "cosmic-ray", "curl", "docker",
    "eqcheck", "export", "git", "make", "mkdocs", "mypy", "npm", "npx", "pip", "pip3",
    "playwright", "poetry", "pre-commit", "pytest", "python", "python3", "ruff",
    "source", "sudo", "tox", "uv", "uvx", "wget",
}
# fmt: on
_PROMPT = re.compile(r"^\s*(\$ |> )?")
_VARIABLE = re.compile(r"[A-Z_]+=\S*")
_PLACEHOLDER = re.compile(r"\b(NAME|PAGE|LINE)\b")
_KEEPS = {"git": {"clone", "commit", "diff", "status"}, "uv": {"pip"}}


@dataclass(frozen=True)
class Command:
    """A command that a page shows, and where."""

    place: str  # page:line
    text: str


class CommandError(Exception):
    """Why a command cannot work."""


def is_command(text: str) -> bool:
    """Whether a line begins with the name of a program."""
    words = _PROMPT.sub("", text).split()
    while words and _VARIABLE.fullmatch(words[0]):
        words = words[1:]
    return bool(words) and words[0] in PROGRAMS


def on_page(path: Path) -> Iterator[Command]:
    """The commands of a page, in fences and in running text."""
    text, name = path.read_text(encoding="utf-8"), page_name(path)
    outputs = {b.output.line for b in pages.blocks(text, name) if b.output is not None}
    for element in pages.elements(text, name):
        is_fence = isinstance(element, pages.Fence) and element.line not in outputs
        if is_fence and element.info in ("text", "sh"):  # type: ignore[attr-defined]
            for number, line in enumerate(element.text.splitlines(), element.line + 1):
                in_shell = element.info == "sh" and line.strip()  # type: ignore[attr-defined]
                if is_command(line) or (in_shell and not line.strip().startswith("#")):
                    yield Command(f"{name}:{number}", _PROMPT.sub("", line))
    for paragraph in paragraphs(text, name):
        for span in paragraph.code:
            if is_command(span.text):
                place = f"{name}:{paragraph.place(span.start)[0]}"
                yield Command(place, " ".join(span.text.split()))


def fault(text: str) -> str:
    """Why a command cannot work, or nothing."""
    try:
        for words in _split(text):
            _check(words)
    except CommandError as error:
        return str(error)
    return ""


def _split(text: str) -> Iterator[list[str]]:
    """The words of each command of a line, without remarks."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="&|;")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    try:
        for word in lexer:
            if set(word) <= set("&|;"):
                yield words
                words = []
            else:
                words.append(word)
    except ValueError as error:
        raise CommandError(f"a shell cannot read this: {error}") from None
    yield words


def _check(words: list[str]) -> None:
    while words and _VARIABLE.fullmatch(words[0]):
        words = words[1:]
    if not words:
        raise CommandError("no command")
    program, *rest = words
    if program not in CHECKS:
        message = f"no check for {program}: add it to CHECKS in doctools/commands.py"
        raise CommandError(message)
    CHECKS[program](rest)


def _exists(name: str) -> Path:
    pattern = _PLACEHOLDER.sub("*", name.rstrip("/"))
    if pattern in (".", ""):
        return ROOT
    found = sorted(ROOT.glob(pattern))
    if not found:
        raise CommandError(f"no file {name}")
    return found[0]


# ---------------------------------------------------------------------------- make


@lru_cache
def targets() -> dict[str, tuple[list[str], list[str]]]:
    """The targets of the Makefile: what each needs, and its recipe."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    given = dict(re.findall(r"^([A-Z_]+) *[:?]?= *(.*)$", text, re.MULTILINE))
    for _ in given:
        text = re.sub(r"\$\((\w+)\)", lambda m: given.get(m[1], m[0]), text)
    found: dict[str, tuple[list[str], list[str]]] = {}
    recipe: list[str] = []
    for line in text.splitlines():
        match = re.match(r"([\w./-]+):(?!=)([^#]*)", line)
        if match and match[1] != ".PHONY":
            recipe = []
            found[match[1]] = (match[2].split(), recipe)
        elif line.startswith("\t"):
            recipe.append(line.strip())
    return found


def _make(words: list[str]) -> None:
    for word in words:
        if not _VARIABLE.fullmatch(word):
            _target(word)


def _target(name: str) -> None:
    if name not in targets():
        import difflib

        near = difflib.get_close_matches(name, targets(), 1)
        hint = f"; nearest: {near[0]}" if near else ""
        raise CommandError(f"the Makefile has no target {name}{hint}")
    needs, recipe = targets()[name]
    for need in needs:
        if need in targets():
            _target(need)
        elif not (ROOT / need).exists():
            raise CommandError(f"make {name} needs {need}, which does not exist")
    for line in recipe:
        # At the start, after a variable, after || or &&.
        command = re.sub(r"(^|=\S+ |[|&] )(\S*/)?bin/(?=\w)", r"\1", line)
        if is_command(command) and (why := fault(command)):
            raise CommandError(f"make {name} runs `{command}`: {why}")


# -------------------------------------------------------------------------- python


def _python(words: list[str]) -> None:
    if not words:
        return
    if words[0] != "-m":
        _exists(words[0])
        return
    if len(words) < 2:
        raise CommandError("python -m what?")
    module, rest = words[1], words[2:]
    if module in CHECKS:
        CHECKS[module](rest)
        return
    if module in ("venv", "http.server"):
        _allowed(f"python -m {module}", rest)
        return
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None:
        raise CommandError(f"no module {module}")
    if module.partition(".")[0] not in ("doctools", "benchmarks"):
        raise CommandError(f"no check for python -m {module}: doctools/commands.py")
    _parsed(module, rest)


class _ParsedError(Exception):
    """Raised in place of the work that follows the parsing of arguments."""


def _parsed(module: str, words: list[str]) -> None:
    """Let a module's own parser read the words, and stop there."""
    is_package = (ROOT / module.replace(".", "/")).is_dir()
    loaded = importlib.import_module(f"{module}.__main__" if is_package else module)
    parse = argparse.ArgumentParser.parse_known_args
    strict = argparse.ArgumentParser.parse_args

    def read(self: argparse.ArgumentParser, *_: object, **__: object) -> None:
        parse(self, words)
        raise _ParsedError

    def read_all(self: argparse.ArgumentParser, *_: object, **__: object) -> None:
        with mock.patch.object(argparse.ArgumentParser, "parse_known_args", parse):
            strict(self, words)
        raise _ParsedError

    errors = io.StringIO()
    with (
        mock.patch.object(argparse.ArgumentParser, "parse_known_args", read),
        mock.patch.object(argparse.ArgumentParser, "parse_args", read_all),
        mock.patch.object(sys, "argv", [module, *words]),
        redirect_stderr(errors),
        redirect_stdout(io.StringIO()),
    ):
        try:
            loaded.main()
        except _ParsedError:
            return
        except SystemExit as error:
            if error.code in (0, None):
                return
            message = errors.getvalue().strip().splitlines()[-1:]
            raise CommandError(f"python -m {module}: {''.join(message)}") from None
    raise CommandError(
        f"python -m {module} reads no arguments: nothing to compare with"
    )


def _activate(words: list[str]) -> None:
    if words != [".venv/bin/activate"]:
        raise CommandError("only .venv/bin/activate is known to exist")


# ----------------------------------------------------------------------------- pip


def _pip(words: list[str]) -> None:
    if not words:
        return
    if words[0] != "install":
        raise CommandError(f"no check for pip {words[0]}: doctools/commands.py")
    _allowed("python -m pip install", words)
    rest = iter(words[1:])
    for word in rest:
        if word in ("-r", "--requirement"):
            _exists(next(rest, "?"))
        elif word in ("-e", "--editable"):
            _project(next(rest, "?"))
        elif not word.startswith("-"):
            _project(word)


def _project(word: str) -> None:
    """A folder with a pyproject.toml, with extras; or a package that one names."""
    match = re.fullmatch(
        r"(?P<what>[^\[=<>]+)(\[(?P<extras>[^\]]+)\])?(?P<rest>.*)", word
    )
    if match is None:
        raise CommandError(f"pip install {word}: not a package")
    what = match["what"]
    is_here = (
        what == "nnref" or "/" in what or (ROOT / what / "pyproject.toml").exists()
    )
    if not is_here:
        if what.lower().replace("_", "-") not in _dependencies():
            raise CommandError(f"pip install {what}: pyproject.toml does not name it")
        return
    folder = ROOT if what == "nnref" else ROOT / what
    if not (folder / "pyproject.toml").exists():
        raise CommandError(f"pip install {word}: no pyproject.toml in {what}")
    offered = _project_table(folder).get("optional-dependencies", {})
    for extra in filter(None, (match["extras"] or "").split(",")):
        if extra.strip() not in offered:
            message = f"no extra {extra.strip()}; there are {', '.join(offered)}"
            raise CommandError(f"pip install {word}: {message}")


def _project_table(folder: Path) -> dict[str, dict[str, list[str]]]:
    with (folder / "pyproject.toml").open("rb") as file:
        table: dict[str, dict[str, list[str]]] = tomllib.load(file)["project"]
    return table


@lru_cache
def _dependencies() -> set[str]:
    listed = [
        each
        for some in _project_table(ROOT)["optional-dependencies"].values()
        for each in some
    ]
    return {re.split(r"[^\w-]", each, maxsplit=1)[0].lower() for each in listed}


# -------------------------------------------------------------------------- pytest


def _pytest(words: list[str]) -> None:
    _allowed("python -m pytest", words)
    rest = iter(words)
    for word in rest:
        if word == "-k":
            _selected(next(rest, "?"))
        elif word == "-n":
            if not re.fullmatch(r"auto|\d+", count := next(rest, "?")):
                raise CommandError(f"pytest -n takes a number or auto, not {count}")
        elif not word.startswith("-"):
            _node(word)


def _node(word: str) -> None:
    """A node id: what our plugin makes of a page, or a function of a test file."""
    name, _, item = word.partition("::")
    path = _exists(name)
    if not item:
        return
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        function = item.rpartition("::")[2].partition("[")[0]
        if not re.search(rf"\bdef {re.escape(function)}\(", text):
            raise CommandError(f"{name} has no test {function}")
        return
    items = items_of_page(text)
    if item not in items:
        kind, _, number = item.rpartition(" ")
        there = ""
        if number.isdigit():
            alike = [each for each in items if each.rpartition(" ")[0] == kind]
            lines = [int(each.rpartition(" ")[2]) for each in alike]
            nearest = min(lines, key=lambda line: abs(line - int(number)), default=None)
            there = f"; nearest: {kind} {nearest}" if nearest else ""
        raise CommandError(f"{name} has no test {item!r}{there}")


def items_of_page(text: str) -> list[str]:
    """The names of the tests of a page, but for its docstrings."""
    found = ["census", "names"]
    found += [f"line {block.line}" for block in pages.blocks(text)]
    return found + [f"equation line {each.line}" for each, _ in pages.equations(text)]


def _selected(expression: str) -> None:
    names = {"census", "names", "line", "equation"}
    for path in (ROOT / "tests").rglob("*.py"):
        names |= {path.stem}
        names |= set(re.findall(r"\bdef (test_\w+)", path.read_text(encoding="utf-8")))
    for word in re.findall(r"\w+", expression):
        is_logic = word in ("and", "or", "not")
        if not is_logic and not any(word in name for name in names):
            raise CommandError(f"pytest -k {word} selects no test")


# ------------------------------------------------------------------------- eqcheck


def _eqcheck(words: list[str]) -> None:
    cli = importlib.import_module("eqcheck.outside.cli")
    for word in words:
        if word.startswith("-"):
            if f'"{word.partition("=")[0]}"' not in inspect.getsource(cli):
                raise CommandError(f"eqcheck has no option {word}")
            continue
        name, _, number = word.rpartition(":")
        if not number.isdigit():
            _exists(word)
            continue
        text = _exists(name).read_text(encoding="utf-8")
        spans = [
            (above.line if above else equation.line, equation.end)
            for equation, above in pages.equations(text)
        ]
        line = int(number)
        if not any(start <= line <= end for start, end in spans):
            near = min(spans, key=lambda each: abs(each[0] - line), default=(0, 0))
            message = (
                f"no displayed equation at line {line}; the nearest is at {near[0]}"
            )
            raise CommandError(f"{name}: {message}")


# ------------------------------------------------------------------ mkdocs and others


def _mkdocs(words: list[str]) -> None:
    if not words:
        return
    from mkdocs.__main__ import cli

    command = cli.commands.get(words[0])
    if command is None:
        raise CommandError(f"mkdocs has no command {words[0]}")
    known = {option for each in command.params for option in each.opts}
    _options(words[1:], known, f"mkdocs {words[0]}")


def _linter(program: str) -> Callable[[list[str]], None]:
    def check(words: list[str]) -> None:
        if not words:
            return
        has_command = program == "ruff" and not words[0].startswith("-")
        command = f"python -m {program}" + f" {words[0]}" * has_command
        _help(command)
        _allowed(command, words)

    return check


def _kept(program: str) -> Callable[[list[str]], None]:
    """A program that is not in the environment: only its commands are known."""

    def check(words: list[str]) -> None:
        if words and words[0] not in _KEEPS[program]:
            raise CommandError(
                f"no check for {program} {words[0]}: doctools/commands.py"
            )

    return check


def _allowed(command: str, words: list[str]) -> None:
    """Options must stand in the command's own help."""
    if any(word.startswith("-") for word in words):
        _options(
            words, set(re.findall(r"(?<![\w-])--?[\w-]+", _help(command))), command
        )


def _options(words: list[str], known: set[str], command: str) -> None:
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("-") and option not in known:
            raise CommandError(f"{command} has no option {option}")


@lru_cache
def _help(command: str) -> str:
    program = [sys.executable, *command.split()[1:], "--help"]
    result = subprocess.run(
        program, capture_output=True, text=True, check=False, cwd=ROOT
    )
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["no help"])[-1]
        raise CommandError(f"{command}: {last}")
    return result.stdout


CHECKS: dict[str, Callable[[list[str]], None]] = {
    ".": _activate,
    "eqcheck": _eqcheck,
    "git": _kept("git"),
    "make": _make,
    "mkdocs": _mkdocs,
    "mypy": _linter("mypy"),
    "pip": _pip,
    "pytest": _pytest,
    "python": _python,
    "python3": _python,
    "ruff": _linter("ruff"),
    "source": _activate,
    "uv": _kept("uv"),
}
