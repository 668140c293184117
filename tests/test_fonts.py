"""The fonts hold what the pages need, and are not made twice."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from doctools import fonts, maths, pages

fonttools = pytest.importorskip("fontTools.ttLib")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {p.stem: p for p in fonts.make(tmp_path_factory.mktemp("fonts"))}


def characters(path: Path) -> set[int]:
    return set(fonttools.TTFont(path).getBestCmap())


def test_all_faces_are_small(made):
    assert len(made) == len(fonts.FACES)
    assert sum(path.stat().st_size for path in made.values()) < 160_000


def test_the_maths_font_stretches(made):
    assert "MATH" in fonttools.TTFont(made["stix-two-math"])


def test_roots_of_all_sizes_are_as_wide(made):
    font = fonttools.TTFont(made["stix-two-math"])
    variants, sign = font["MATH"].table.MathVariants, font.getBestCmap()[ord("√")]
    place = variants.VertGlyphCoverage.glyphs.index(sign)
    sizes = variants.VertGlyphConstruction[place]
    names = [record.VariantGlyph for record in sizes.MathGlyphVariantRecord]
    names += [part.glyph for part in sizes.GlyphAssembly.PartRecords]
    assert len(names) > 3
    assert len({font["hmtx"][name][0] for name in names}) == 1


def test_prose_is_covered(made):
    text = (
        "\N{EN DASH}\N{MULTIPLICATION SIGN}\N{GREEK SMALL LETTER SIGMA}λ₁∂√≤\N{PRIME}"
    )
    assert set(map(ord, text)) <= characters(made["source-serif-regular"])


def test_every_formula_of_the_pages_is_covered(made):
    """A single letter in `<mi>` is shown in italics, so its italic form counts."""
    have = characters(made["stix-two-math"])
    lacking = set()
    for path in pages.markdown_pages():
        text = path.read_text(encoding="utf-8")
        formulas = [e.text for e, _ in pages.equations(text, path.name)]
        prose = re.sub(r"(```|~~~|\$\$).*?\1|`[^`\n]*`", "", text, flags=re.S)
        formulas += re.findall(r"(?<![\\$])\$(?! )([^$\n]+?)(?<! )\$", prose)
        for latex in formulas:
            tree = ElementTree.fromstring(
                maths.mathml(latex).replace("&ApplyFunction;", "\u2061")
            )
            for element in tree.iter():
                if element.tag in ("mi", "mo", "mn") and element.text:
                    lacking |= {
                        (path.name, shown)
                        for shown in map(italic, element.text, [element] * 99)
                        if ord(shown) not in have and not shown.isspace()
                    }
    assert not lacking


def italic(letter: str, element: ElementTree.Element) -> str:
    """The character that a browser shows."""
    single = element.tag == "mi" and len(element.text or "") == 1
    if not single or element.get("mathvariant") == "normal":
        return letter
    if letter == "h":
        return "\u210e"
    latin = (("A", "Z", 0x1D434), ("a", "z", 0x1D44E))
    greek = (("\u0391", "\u03a9", 0x1D6E2), ("\u03b1", "\u03c9", 0x1D6FC))
    variants = (("\u03f5", "\u03f5", 0x1D716), ("\u03d5", "\u03d5", 0x1D719))
    for first, last, start in (*latin, *greek, *variants):
        if first <= letter <= last:
            return chr(start + ord(letter) - ord(first))
    return letter


def test_a_face_is_made_once(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(fonts, "FACES", dict([*fonts.FACES.items()][3:4]))
    (face,) = fonts.make(tmp_path)
    face.write_bytes(b"kept")
    fonts.make(tmp_path)
    assert face.read_bytes() == b"kept"
    name, (package, file, _) = next(iter(fonts.FACES.items()))
    monkeypatch.setattr(fonts, "FACES", {name: (package, file, "U+41")})
    fonts.make(tmp_path)
    assert face.read_bytes() != b"kept"
