"""What the site itself says: collected from where it is written, for the catalogue."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from doctools import configuration, listings, pages, plain_speed, standalone
from doctools.translations import catalogue, checks, edition

SCRIPTS: Final = pages.DOCS / "assets" / "javascripts"
_SAID = re.compile(r'\bt\(\s*("(?:[^"\\]|\\.)*")')
# What one chooses in a figure: values of data, too, which are English in the code.
CHOICES: Final = (
    "none",
    "forward: one output",
    "backward: from one output",
    "backward: from all outputs",
    "vertical edges",
    "horizontal edges",
    "mean",
    "the pixel itself",
)


def configured() -> Iterator[str]:
    """What `mkdocs.yml` calls the site and its parts; titles of pages in English."""
    config = configuration.read()
    yield from _named(config["nav"])
    yield from (config["site_description"], config["copyright"])
    for scheme in config["theme"]["palette"]:
        yield scheme["toggle"]["name"]
    for extension in config["markdown_extensions"]:
        if isinstance(extension, dict) and "toc" in extension:
            yield extension["toc"]["permalink_title"]
    for name in edition.ENGLISH:
        title = (pages.DOCS / name).read_text(encoding="utf-8").partition("\n")[0]
        if title.startswith("# "):
            yield title.removeprefix("# ")


def _named(nav: list[Any]) -> Iterator[str]:
    """The names in a navigation; pages without one have that of their title."""
    for part in nav:
        for name, below in part.items() if isinstance(part, dict) else ():
            yield name
            yield from _named(below if isinstance(below, list) else [])


def in_python() -> Iterator[str]:
    """The phrases in `say("...")`."""
    for path in sorted((pages.ROOT / "doctools").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "say"
                and node.args
            ):
                yield from _phrases(node.args[0])


def _phrases(given: ast.expr) -> Iterator[str]:
    """The phrase, or both of `one if ... else other`."""
    if isinstance(given, ast.IfExp):
        yield from _phrases(given.body)
        yield from _phrases(given.orelse)
    elif isinstance(given, ast.Constant):
        yield str(given.value)


def in_scripts() -> Iterator[str]:
    """The phrases in `t("...")`, and what it is given besides."""
    yield from CHOICES
    for path in sorted(SCRIPTS.rglob("*js")):
        if path.is_file():
            for written in _SAID.findall(path.read_text(encoding="utf-8")):
                yield json.loads(written)


def all_words() -> list[str]:
    """Every phrase of the interface, each once."""
    named = [*plain_speed.ON.values(), *standalone.EXCLUDED.values(), listings.BUYS]
    return list(dict.fromkeys([*configured(), *named, *in_python(), *in_scripts()]))


def _spaced(text: str) -> str:
    # What comes in a place is a number or a name.
    return checks.spaced(text.replace("{}", "XX")).replace("XX", "{}")


def script() -> str:
    """The script by which the others know their phrases."""
    known = catalogue.read(catalogue.INTERFACE)
    said = {text: _spaced(known[text]) for text in in_scripts() if text in known}
    return f"self.nnWords = {json.dumps(said, ensure_ascii=False)};\n"
