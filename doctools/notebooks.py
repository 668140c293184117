"""Each concept page as a notebook, by the scanner that the site itself uses.

Blocks become code cells with the outputs and figures of the page, so a notebook is
right without being run; `check` runs one all the same, in a kernel, and compares.
Prose, formulas and solutions become Markdown cells. Links lead to the site.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

from doctools import pages
from doctools.figures import pictures

TARGET = Path(__file__).parent / "theme" / "assets" / "notebooks"
ARCHIVE = "nnref-notebooks.zip"
# Names the environment variable with the address of the published site.
SITE_URL = "NNREF_SITE_URL"

_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_BOX = re.compile(r'(?P<indent> *)(?P<mark>!!!|\?\?\?\+?) \w+(?: "(?P<title>.*)")?$')
_HEADING = re.compile(r"(?P<text>#+ .*?)\s*\{ #(?P<id>[\w-]+) \}$")
_ATTRIBUTES = re.compile(r"\s*\{ [.#][^}]*\}")


def is_notebook(path: Path) -> bool:
    """Whether a page is a notebook, too: the concepts that have blocks are."""
    in_concepts = path.is_relative_to(pages.DOCS / "concepts")
    return in_concepts and bool(pages.blocks(path.read_text(encoding="utf-8")))


def notebook_pages() -> list[Path]:
    """All pages that are notebooks."""
    return [path for path in pages.markdown_pages() if is_notebook(path)]


@dataclass
class _Box:
    """A note or a solution that is open."""

    indent: int
    title: str
    folded: bool


@dataclass
class _Writer:
    """Collects the cells of a page."""

    page: str  # from docs/, with slashes
    site: str
    cells: list[Any] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    boxes: list[_Box] = field(default_factory=list)
    titled: bool = False  # whether the open box has shown its title

    def leave(self, indent: int) -> None:
        """Close the boxes that do not hold what is indented so far."""
        while self.boxes and indent <= self.boxes[-1].indent:
            self.flush()
            self.boxes.pop()

    def text(self, lines: list[str]) -> None:
        """Take lines of prose, which may open and close boxes."""
        for line in lines:
            if line.strip():
                self.leave(len(line) - len(line.lstrip(" ")))
            if match := _BOX.match(line):
                self.flush()
                title = match["title"] or "Note"
                folded = match["mark"] != "!!!"
                self.boxes.append(_Box(len(match["indent"]), title, folded))
                self.titled = False
            else:
                self.prose.append(self._line(line))

    def equation(self, latex: str) -> None:
        """Take a displayed equation: one line, since a box puts something before it."""
        self.prose += ["", f"$$ {' '.join(latex.split())} $$", ""]

    def code(self, source: str, outputs: list[Any]) -> None:
        """Take a block; in a solution it is folded away."""
        self.flush()
        cell = v4.new_code_cell(source.rstrip("\n"), outputs=outputs)
        if any(box.folded for box in self.boxes):
            cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
        self._add(cell)

    def flush(self) -> None:
        """Make a cell of the prose so far."""
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(self.prose)).strip("\n")
        text = _LINK.sub(self._link, text)
        self.prose.clear()
        if not text.strip():
            return
        if self.boxes:
            box = self.boxes[-1]
            again = "" if not self.titled else " (continued)"
            self.titled = True
            if box.folded:
                summary = f"<summary>{box.title}{again}</summary>"
                text = f"<details>{summary}\n\n{text}\n\n</details>"
            else:
                text = "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
                if not again:
                    text = f"> **{self._line(box.title)}**\n>\n{text}"
        self._add(v4.new_markdown_cell(text))

    def _add(self, cell: Any) -> None:
        # From place and content alone, so that a build changes no more than it must.
        words = f"{self.page} {len(self.cells)} {cell.source}"
        cell["id"] = hashlib.sha256(words.encode()).hexdigest()[:12]
        self.cells.append(cell)

    def _line(self, line: str) -> str:
        inner = 4 * len(self.boxes)
        if line[:inner].strip() == "":
            line = line[inner:]
        if match := _HEADING.match(line):
            return f'<a id="{match["id"]}"></a>\n\n{match["text"]}'
        return _ATTRIBUTES.sub("", line)

    def _link(self, match: re.Match[str]) -> str:
        """A link into the same notebook, out, or to the site if that has an address."""
        label, target = match.groups()
        if target.startswith("#") or re.match(r"[a-z]+:", target):
            return match[0]
        if not self.site:
            return label
        path, hash_, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.page), path))
        path = re.sub(r"(^|/)index\.md$|\.md$", "/", path).lstrip("/")
        return f"[{label}]({self.site}{path}{hash_}{anchor})"


def notebook(path: Path, site: str) -> Any:
    """The notebook of a page; `site` is the address that links start with."""
    page = path.relative_to(pages.DOCS).as_posix()
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    blocks = {block.line: block for block in pages.blocks(text, page)}
    outputs = {b.output.line for b in blocks.values() if b.output is not None}
    writer = _Writer(page, site)
    line = 1
    for element in pages.elements(text, page):
        writer.text(lines[line - 1 : element.line - 1])
        line = element.end + 1
        writer.leave(len(element.indent))
        if (block := blocks.get(element.line)) is not None:
            writer.code(block.code, list(_outputs(block, page)))
            if block.caption:
                writer.prose += [f"*{block.caption}*", ""]
        elif isinstance(element, pages.Equation):
            writer.equation(element.text)
        elif isinstance(element, pages.Fence) and element.line not in outputs:
            writer.text(lines[element.line - 1 : element.end])
        elif isinstance(element, pages.Comment):
            writer.text(_listing(element.text))
    writer.text(lines[line - 1 :])
    writer.flush()
    writer.cells[1:1] = _start(page, site)
    metadata = {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    made = v4.new_notebook(cells=writer.cells, metadata=metadata)
    nbformat.validate(made)
    return made


def _listing(comment: str) -> list[str]:
    """What stands in the place of a listing: where it is on the site."""
    keyword, _, name = comment.partition(":")
    if keyword != "source":
        return []
    return ["", f"The source of `{name.strip()}` stands on the page.", ""]


def _outputs(block: pages.Block, page: str) -> Iterator[Any]:
    """What the page shows below a block."""
    if block.output is not None:
        yield v4.new_output("stream", name="stdout", text=block.output.text)
    if block.draws:
        # As PNG: Jupyter shows no SVG of a notebook that it does not trust yet.
        for picture in pictures(block, page):
            data = {"image/png": picture, "text/plain": block.caption or ""}
            yield v4.new_output("display_data", data=data)


def _start(page: str, site: str) -> list[Any]:
    """The cells that say what this is and how to get the package."""
    address = f" <{site}{page.removesuffix('.md')}/>" if site else ""
    source = f"nnref[figures] @ {site}assets/{wheel_name()}" if site else ".[figures]"
    about = v4.new_markdown_cell(
        f"This notebook is a page of the site{address}. Its outputs are those of the "
        "page, where a test compares them with what the code prints. To run it, first "
        f"install the package{'' if site else ', in a checkout of its repository'}:"
    )
    install = v4.new_code_cell(f'# %pip install "{source}"')
    for number, cell in enumerate((about, install)):
        cell["id"] = f"start-{number}"
    return [about, install]


def wheel_name() -> str:
    """The file name of the package's own wheel, which the site serves."""
    return f"nnref-{version('nnref')}-py3-none-any.whl"


def link(path: Path) -> str:
    """The address of a page's notebook as the page sees it."""
    page = path.relative_to(pages.DOCS)
    notebook = f"assets/notebooks/{page.with_suffix('.ipynb').as_posix()}"
    return pages.link(page.as_posix(), notebook)


def make_wheel(target: Path = TARGET.parent) -> Path:
    """Build the package's wheel into a folder."""
    for old in target.glob("nnref-*.whl"):
        old.unlink()
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(
        [*command, "--directory", str(target)],
        cwd=pages.ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return target / wheel_name()


def make(target: Path = TARGET, site: str | None = None) -> list[Path]:
    """Write all notebooks and one archive of them; return their paths."""
    site = site if site is not None else os.environ.get(SITE_URL, "")
    written = []
    for path in notebook_pages():
        text = nbformat.writes(notebook(path, site)) + "\n"
        new = target / path.relative_to(pages.DOCS).with_suffix(".ipynb")
        new.parent.mkdir(parents=True, exist_ok=True)
        if not new.exists() or new.read_text(encoding="utf-8") != text:
            new.write_text(text, encoding="utf-8")
        written.append(new)
    with zipfile.ZipFile(target / ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
        for new in written:
            archive.write(new, new.relative_to(target))
    return written


def check(made: Any) -> list[str]:
    """Run a notebook in a kernel; return where it printed something else."""
    from nbclient import NotebookClient

    expected = [_printed(cell) for cell in made.cells]
    NotebookClient(made, timeout=120, kernel_name="python3").execute()
    return [
        f"cell {number}: {was!r} on the page, {_printed(cell)!r} in the kernel"
        for number, (was, cell) in enumerate(zip(expected, made.cells, strict=True))
        if _printed(cell) != was
    ]


def _printed(cell: Any) -> str:
    """What a cell printed."""
    return "".join(
        output.text
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stdout"
    )


def main() -> int:
    """Write the notebooks, or with `--check` run those of the pages that are named."""
    if sys.argv[1:2] == ["--check"]:
        named = [Path(word).resolve() for word in sys.argv[2:]] or notebook_pages()
        faults = [
            f"{path.name}: {fault}"
            for path in named
            for fault in check(notebook(path, ""))
        ]
        print("\n".join(faults) or f"{len(named)} notebooks print what their pages say")
        return bool(faults)
    print("\n".join(str(path) for path in make()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
