"""Builds or serves the site with MkDocs; `hooks.py` says what is made before.

Both editions are built at once, each by its own MkDocs, and joined. What is built is
completed: the search index, what each page says of itself, an archive.
A site of which nothing has changed, the packages that build it among them, is not built
again but taken from `.cache/site`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from importlib.metadata import distributions
from pathlib import Path

from doctools import fonts, hooks, kept, metadata, offline, pages, search, wasm
from doctools.translations import language
from doctools.translations import site as editions

# The preview makes again what has changed, and shows warnings in the browser.
PREVIEW = ["--dirty", "--no-strict"]
CACHE = pages.ROOT / ".cache" / "site"
FOLDERS = ("docs", "doctools", "nnref", "equation-checker", "translations")
MADE = pages.ROOT / "doctools" / "theme" / "assets"  # by a build, from the rest


def main() -> int:
    """Run `build` (the default) or `serve`, passing further arguments to MkDocs."""
    parser = argparse.ArgumentParser(
        prog="python -m doctools.build", description=__doc__
    )
    parser.add_argument(
        "command", nargs="?", default="build", choices=["build", "serve"]
    )
    parser.add_argument("-d", "--site-dir", type=Path, default=Path("site"))
    arguments, rest = parser.parse_known_args()
    start = time.perf_counter()
    os.chdir(pages.ROOT)
    if arguments.command == "serve":
        try:
            return _start(["serve", *PREVIEW, *rest]).wait()
        except KeyboardInterrupt:
            return 0
    fonts.make()  # which are among the files that it is built from, as these are
    wasm.make()
    last = CACHE / inputs(rest)
    if last.is_dir():
        done = f"unchanged since {time.ctime(last.stat().st_mtime)}"
    else:
        part = last.with_suffix(f".{os.getpid()}")
        if code := _build(part, rest):
            return code
        part.replace(last)
        for older in CACHE.iterdir():
            if older != last and not older.suffix:  # else another is being built
                shutil.rmtree(older, ignore_errors=True)
        done = "built"
    shutil.rmtree(arguments.site_dir, ignore_errors=True)
    shutil.copytree(last, arguments.site_dir)
    print(f"{arguments.site_dir}: {done}, {time.perf_counter() - start:.1f} s")
    return 0


def _build(site: Path, arguments: list[str]) -> int:
    """Build both editions into a folder; return what MkDocs did if it failed."""
    try:
        hooks.prepare()
    except pages.PageError as error:
        print(error, file=sys.stderr)
        return 1
    folders = {
        language.ENGLISH: site,
        language.CHINESE: site.with_name(f"{site.name}.{language.CHINESE}"),
    }
    running = [
        _start(
            ["build", "--strict", "--site-dir", str(folder), *arguments],
            {language.LANGUAGE: tongue, hooks.PREPARED: "1"},
        )
        for tongue, folder in folders.items()
    ]
    codes = [process.wait() for process in running]
    if not any(codes):
        for folder in folders.values():
            search.complete(folder)
            metadata.complete(folder)
        editions.join(*folders.values())
        offline.pack(site)
        return 0
    for folder in folders.values():
        shutil.rmtree(folder, ignore_errors=True)
    return max(codes, key=abs)


def _start(
    arguments: list[str], settings: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    # Material's notice about MkDocs' future is no concern of a reader's build.
    env = {"NO_MKDOCS_2_WARNING": "1", **os.environ, **(settings or {})}
    return subprocess.Popen([sys.executable, "-m", "mkdocs", *arguments], env=env)


def inputs(arguments: list[str]) -> str:
    """A hash of all that a site is built from."""
    digest = hashlib.sha256(repr((sys.version, arguments)).encode())
    for name, value in sorted(os.environ.items()):
        if name.startswith("NNREF_"):
            digest.update(f"{name}={value}\n".encode())
    installed = {(each.name, each.version) for each in distributions()}
    digest.update(repr(sorted(installed)).encode())
    files = [path for path in pages.ROOT.glob("*") if path.is_file()]
    for folder in FOLDERS:
        files += (pages.ROOT / folder).rglob("*")
    digest.update(
        kept.digest(
            path
            for path in files
            if path.is_file() and path.suffix not in (".whl", ".pyc")
            if not path.is_relative_to(MADE / "notebooks")
        ).encode()
    )
    return digest.hexdigest()[:32]


if __name__ == "__main__":
    sys.exit(main())
