"""The configuration of the site.

A module of its own: drawing a figure reads pages, and needs no MkDocs.
"""

from __future__ import annotations

from typing import Any

from mkdocs.utils import yaml

from doctools import pages

__all__ = ["read"]


def read() -> dict[str, Any]:
    """What `mkdocs.yml` says."""
    text = (pages.ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.yaml_load(text, yaml.get_yaml_loader())
    return found
