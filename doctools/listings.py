"""The listings to copy: the plain version in view, the package's own one click away.

Where `nnref.plain` has no such name, the package's version is folded by itself.
"""

from __future__ import annotations

import os
import statistics
import textwrap
from functools import lru_cache
from pathlib import Path

from doctools import kept, plain_speed, standalone
from doctools.pages import ROOT
from doctools.standalone import EXCLUDED, Definition, Package, nnref, plain
from doctools.translations.language import say

PACKAGE = ROOT / "nnref"
# Names the environment variable that says where a reader finds a line of the source,
# for instance https://example.org/nnref/blob/main/{path}#L{line}
SOURCE_URL = "NNREF_SOURCE_URL"

# Whoever copies the plain version ought to know what stays behind.
BUYS = (
    "It checks what it is given: a wrong shape or value is an error that names the "
    "argument. The plain one checks nothing, and turns no list into an array; with "
    "NaN, with infinity and with float32 far from 0 its result may be another."
)


def markdown(name: str) -> str:
    """What a directive `<!-- source: NAME -->` puts on a page."""
    package, short = nnref(), plain()
    if name in short.public():
        return _shown(name, short) + "\n" + _folded(name, package, below=True)
    return _folded(name, package)


def lines(package: Package, name: str) -> int:
    """How many lines one copies."""
    return snippet(package, name).count("\n")


@lru_cache(maxsize=2048)  # a package that has changed is another
def snippet(package: Package, name: str) -> str:
    """What one copies, made again when the package has changed, comments too."""
    files = [*PACKAGE.rglob("*.py"), Path(standalone.__file__)]
    return kept.by_files(f"{package.top}.{name}", files, lambda: package.snippet(name))


def counts() -> str:
    """Say how long the listings to copy are, and how long without the plain ones."""
    of_plain, whole = _lengths()
    return (
        say(
            "Of {names} names there is a plain version: the median listing has "
            "{median} lines, and the longest {most}. With all that the package does "
            "they have {median_whole} and {most_whole}.",
            names=len(of_plain),
            median=f"{statistics.median(of_plain):.0f}",
            most=max(of_plain),
            median_whole=f"{statistics.median(whole):.0f}",
            most_whole=max(whole),
        )
        + "\n"
    )


def _lengths() -> list[list[int]]:
    package, short = nnref(), plain()
    names = list(short.public())
    return [[lines(each, name) for name in names] for each in (short, package)]


def _shown(name: str, short: Package) -> str:
    title = say(
        "{name}, plain: {count} lines to copy", name=name, count=lines(short, name)
    )
    opening = f'{{ .python .nn-plain title="{title}" }}'
    return f"```{opening}\n{snippet(short, name)}```\n"


def _folded(name: str, package: Package, *, below: bool = False) -> str:
    definition = package.definition(name)
    body, classes = "", "quote"
    if name in EXCLUDED:
        title = say(
            "Source of `{name}`, which does not run alone: {why}",
            name=name,
            why=say(EXCLUDED[name]),
        )
        source = package.source(name)
    else:
        source = snippet(package, name)
        title = say("Source of `{name}`, to copy and run alone", name=name)
        if below:
            classes += " nn-package"
            count = lines(package, name)
            title = say(
                "`{name}` checked and fast, as in the package: {count} lines"
                if plain_speed.is_faster(name)
                else "`{name}` checked, as in the package: {count} lines",
                name=name,
                count=count,
            )
            body = f"{say(BUYS)} {plain_speed.sentence(name)}".rstrip() + "\n\n"
    if link := _link(definition):  # else the first line of code says it
        body += f"{link}\n\n"
    body += f"```python\n{source}```\n"
    return f'??? {classes} "{title}"\n\n{textwrap.indent(body, "    ")}'


def _link(definition: Definition) -> str:
    template = os.environ.get(SOURCE_URL)
    if not template:
        return ""
    path = definition.module.path.relative_to(ROOT).as_posix()
    address = template.format(path=path, line=definition.line)
    label = say("{path}, line {line}", path=path, line=definition.line)
    return f"[{label}]({address})"
