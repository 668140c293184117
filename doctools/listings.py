"""The listings to copy: the plain version in view, the package's own one click away.

Where `nnref.plain` has no such name, the package's version is folded by itself.
"""

from __future__ import annotations

import os
import statistics
import textwrap

from doctools import plain_speed
from doctools.pages import ROOT
from doctools.standalone import EXCLUDED, Definition, Package, nnref, plain

# Names the environment variable that says where a reader finds a line of the source,
# for instance https://example.org/nnref/blob/main/{path}#L{line}
SOURCE_URL = "NNREF_SOURCE_URL"

# Whoever copies the plain version ought to know what stays behind.
BUYS = (
    "It checks what it is given: a wrong shape or value is an error that names the "
    "argument. The plain one checks nothing, and turns no list into an array."
)


def markdown(name: str) -> str:
    """What a directive `<!-- source: NAME -->` puts on a page."""
    package, short = nnref(), plain()
    if name in short.public():
        return _shown(name, short) + "\n" + _folded(name, package, below=True)
    return _folded(name, package)


def lines(package: Package, name: str) -> int:
    """How many lines one copies."""
    return package.snippet(name).count("\n")


def counts() -> str:
    """Say how long the listings to copy are, and how long without the plain ones."""
    package, short = nnref(), plain()
    names = list(short.public())
    of_plain = [lines(short, name) for name in names]
    whole = [lines(package, name) for name in names]
    return (
        f"Of {len(names)} names there is a plain version: the median listing has "
        f"{statistics.median(of_plain):.0f} lines, and the longest {max(of_plain)}. "
        f"With all that the package does they have {statistics.median(whole):.0f} and "
        f"{max(whole)}.\n"
    )


def _shown(name: str, short: Package) -> str:
    title = f"{name}, plain: {lines(short, name)} lines to copy"
    opening = f'{{ .python .nn-plain title="{title}" }}'
    return f"```{opening}\n{short.snippet(name)}```\n"


def _folded(name: str, package: Package, *, below: bool = False) -> str:
    definition = package.definition(name)
    body, classes = "", "quote"
    if name in EXCLUDED:
        title = f"Source of `{name}`, which does not run alone: {EXCLUDED[name]}"
        code = package.source(name)
    else:
        code = package.snippet(name)
        title = f"Source of `{name}`, to copy and run alone"
        if below:
            classes += " nn-package"
            count = lines(package, name)
            kind = "checked and fast" if plain_speed.is_faster(name) else "checked"
            title = f"`{name}` {kind}, as in the package: {count} lines"
            body = f"{BUYS} {plain_speed.sentence(name)}".rstrip() + "\n\n"
    if link := _link(definition):  # else the first line of code says it
        body += f"{link}\n\n"
    body += f"```python\n{code}```\n"
    return f'??? {classes} "{title}"\n\n{textwrap.indent(body, "    ")}'


def _link(definition: Definition) -> str:
    template = os.environ.get(SOURCE_URL)
    if not template:
        return ""
    path = definition.module.path.relative_to(ROOT).as_posix()
    address = template.format(path=path, line=definition.line)
    return f"[{path}, line {definition.line}]({address})"
