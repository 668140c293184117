"""`make bench-site`: how long one waits for the tests, the site and the preview.

Everything runs in a copy of the repository in an empty folder, from empty caches unless
said. Seconds by the clock, and of processor time, which depend less on what else runs.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from doctools import copies

PAGE = "docs/concepts/pooling.md"
POOLING = "nnref/pooling.py"


class Copy:
    """A copy of the repository, in which commands are timed."""

    def __init__(self, folder: Path) -> None:
        self.root = copies.copy(folder / "copy")
        path = os.pathsep.join(map(str, (self.root, self.root / "equation-checker")))
        self.env = {**os.environ, "PYTHONPATH": path, "NO_MKDOCS_2_WARNING": "1"}

    def time(self, name: str, limit: float, *arguments: str) -> None:
        """Run a module of Python and print what it took."""
        start, before = time.perf_counter(), _children()
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=self.env, capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
        row(name, seconds, limit, _children() - before)
        if done.returncode:
            print(done.stdout[-2000:], done.stderr[-2000:])

    def change(self, name: str, change: Callable[[str], str]) -> str:
        """Change a file; return what it was."""
        path = self.root / name
        before = path.read_text(encoding="utf-8")
        after = change(before)
        assert after != before, name
        path.write_text(after, encoding="utf-8")
        return before


def _children() -> float:
    """Processor time of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def row(name: str, seconds: float, limit: float, used: float | None = None) -> None:
    """Print a row of the table."""
    processor = "" if used is None else f"{used:.1f}"
    print(f"| {name} | {seconds:.1f} | {processor} | {limit:g} |", flush=True)


def preview(copy: Copy) -> None:
    """Time from saving a file until the server answers with what was saved."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "doctools.build", "serve", "-a", address[7:-1]]
    server = subprocess.Popen(
        command,
        cwd=copy.root,
        env=copy.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def answer(page: str) -> str:
        try:
            with urllib.request.urlopen(address + page, timeout=300) as found:
                return str(found.read().decode())
        except urllib.error.HTTPError as error:
            return str(error.read().decode())
        except urllib.error.URLError:
            return ""

    def wait(page: str, seen: Callable[[str], bool]) -> float:
        start = time.perf_counter()
        while not seen(answer(page)):
            if time.perf_counter() - start > 300:
                raise TimeoutError(page)
            time.sleep(0.05)
        return time.perf_counter() - start

    def saved(
        name: str, limit: float, file: str, old: str, new: str, page: str, seen: str
    ) -> None:
        before = copy.change(file, lambda text: text.replace(old, new, 1))
        row(
            f"`make serve`, save to seen: {name}",
            wait(page, lambda t: seen in t),
            limit,
        )
        (copy.root / file).write_text(before, encoding="utf-8")
        wait(page, lambda text: seen not in text and bool(text))
        time.sleep(2)

    page = "concepts/pooling/"
    text = (copy.root / PAGE).read_text(encoding="utf-8")
    label = re.search(r'\w+\.set_xlabel\("', text)
    code = (copy.root / POOLING).read_text(encoding="utf-8")
    docstring = re.search(r'    r"""(\w+)', code)
    assert label is not None
    assert docstring is not None
    losses = "nnref/losses.py", "np.sign(r)", "-np.sign(r)"
    sheet = "assets/stylesheets/site.css"
    try:
        wait("", lambda text: "<article" in text)
        saved("prose", 2, PAGE, "\n\nThe ", "\n\nThe seen ", page, "The seen ")
        saved("style", 2, f"docs/{sheet}", "{", "{ --seen: 1;", sheet, "--seen")
        figure = label[0], label[0] + "seen "
        saved("figure block", 3, PAGE, *figure, page, ">seen ")
        word = docstring[0], docstring[0] + "seen"
        saved(
            "docstring word",
            3,
            POOLING,
            *word,
            "reference/pooling/",
            f"{docstring[1]}seen",
        )
        saved("function body", 10, *losses, "reference/losses/", "cannot be shown")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def grow(copy: Copy, times: int) -> None:
    """As many times the pages, each a copy with blocks of its own: all is drawn anew.

    Not those of the reference, since a definition stands on one page; they are shorter
    than the page on notation, which comes in their place.
    """
    docs = copy.root / "docs"
    pages = sorted(docs.rglob("*.md"))
    for place, page in enumerate(pages):
        source = docs / "notation.md" if page.parent.name == "reference" else page
        text = source.read_text(encoding="utf-8")
        for number in range(1, times):
            line = rf"\1```python\n\1copy = {place * times + number}"
            own = re.sub(r"^( *)```python$", line, text, flags=re.MULTILINE)
            name = f"{page.parent.name}-{page.stem}-{number}.md"
            source.with_name(name).write_text(f"{own}\n{number}\n", encoding="utf-8")
    copy.change(
        "mkdocs.yml",
        lambda text: text.replace("omitted_files: warn", "omitted_files: ignore"),
    )


def main() -> None:
    """Measure, and print the table with what is aimed at."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--grow", type=int, default=0, help="also with so many times the pages"
    )
    parser.add_argument("--tests", action="store_true", help="also all tests")
    chosen = parser.parse_args()
    print("| what | s | processor s | at most |\n|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        copy.time("site, cold", 25, "doctools.build")
        copy.time("site, nothing changed", 5, "doctools.build")
        copy.time(f"`pytest {PAGE}`", 6, "pytest", "-q", PAGE)
        shutil.rmtree(copy.root / ".cache")
        copy.time("`pytest docs`, cold", 40, "pytest", "-q", "-n", "auto", "docs")
        preview(copy)
        if chosen.tests:
            shutil.rmtree(copy.root / ".cache")
            copy.time("all tests, cold", 300, "pytest", "-q", "-n", "auto")
        if chosen.grow:
            grow(copy, chosen.grow)
            shutil.rmtree(copy.root / ".cache")
            name = f"site, cold, {chosen.grow} times the pages"
            copy.time(name, 25 * chosen.grow, "doctools.build")


if __name__ == "__main__":
    main()
