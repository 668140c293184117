"""The arguments that the tools of the command line have in common."""

from __future__ import annotations

import argparse
from pathlib import Path


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """A parser for `python -m doctools.NAME`, which takes pages, by default all."""
    result = argparse.ArgumentParser(
        prog=f"python -m doctools.{name}", description=description
    )
    result.add_argument("pages", nargs="*", type=Path, help="default: all")
    return result
