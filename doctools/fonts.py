"""The site's fonts, cut to what the site uses, from font files that pip installed.

Nothing is vendored and nothing is downloaded: Source Serif and Source Sans come from
their own packages, STIX Two Math (which has the MATH table that brackets and sums need
to stretch) from ziamath. All three are under the SIL Open Font License.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont

TARGET: Final = Path(__file__).parent / "theme" / "assets" / "fonts"

# Basic Latin and the punctuation of English prose; what else a page holds (Chinese,
# rare accents) comes from the reader's own fonts.
_LATIN: Final = (
    "U+20-7E,U+A0,U+A7,U+AB,U+B0-B3,U+B7,U+B9,U+BB,U+D7,U+E4,U+E8,U+E9,U+F6,U+FC,"
    "U+2010-2015,U+2018-201E,U+2026,U+2192,U+2212"
)
# Letters and signs that prose and figures name in plain text.
_SYMBOLS: Final = (
    "U+394,U+3B1-3C9,U+2016,U+2032,U+2113,U+2080-2089,U+2202,U+2207,U+221A,U+2248,"
    "U+2264,U+2265"
)
_TEXT: Final = f"{_LATIN},{_SYMBOLS}"
# Mathematics: Latin, Greek capitals, the letters in use in bold, all in italics;
# operators and fences. A formula that needs more fails a test, which says what.
_MATHS: Final = (
    "U+20-7E,U+AF,U+B1,U+B7,U+D7,U+F7,U+131,U+237,U+2C6,U+2DC,U+393,U+394,U+398,U+39B,U+39E,U+3A0,U+3A3,U+3A6,U+3A8,U+3A9,U+1D408,U+1D416,U+1D430,U+1D431,U+1D434-1D467,"
    "U+1D6FC-1D71B,U+2016,U+2026,U+2032-2034,U+2061-2064,U+210B,U+210E,U+2112,U+2113,U+2115,"
    "U+211D,U+1D53C,U+1D7CE-1D7D7,U+1D7D9,U+1D4A9,U+1D49F,U+2190-2194,U+21A6,U+21D2,U+21D4,"
    "U+2200-220B,U+220F-2213,U+2217-221E,U+2225,U+2227-222B,U+2248,U+2260,U+2261,"
    "U+2264,U+2265,U+226A,U+226B,U+2282-2287,U+2295,U+2299,U+22A4,U+22A5,U+22C5,"
    "U+22EE-22F1,U+2308-230B,U+23DE,U+23DF,U+27E8,U+27E9"
)

_SERIF: Final = "font_source_serif_pro"
_SANS: Final = "font_source_sans_pro"
FACES: Final = {
    "source-serif-regular": (_SERIF, "files/SourceSerifPro-Regular.otf", _TEXT),
    "source-serif-italic": (_SERIF, "files/SourceSerifPro-It.otf", _LATIN),
    "source-serif-semibold": (_SERIF, "files/SourceSerifPro-Semibold.otf", _LATIN),
    "source-sans-regular": (_SANS, "files/SourceSansPro-Regular.otf", _TEXT),
    "source-sans-semibold": (_SANS, "files/SourceSansPro-Semibold.otf", _LATIN),
    "stix-two-math": ("ziamath", "fonts/STIXTwoMath-Regular.ttf", _MATHS),
}


def make(target: Path = TARGET) -> list[Path]:
    """Write the faces that are missing or out of date; return all of them."""
    target.mkdir(parents=True, exist_ok=True)
    made = []
    for name, (package, file, unicodes) in FACES.items():
        source = _installed(package) / file
        ours = Path(__file__).read_bytes()
        key = hashlib.sha256(source.read_bytes() + unicodes.encode() + ours).hexdigest()
        face, stamp = target / f"{name}.woff2", target / f".{name}"
        if not face.exists() or not stamp.exists() or stamp.read_text() != key:
            _subset(TTFont(source), unicodes, face)
            stamp.write_text(key)
        made.append(face)
    return made


def _mend_roots(font: TTFont) -> None:
    """Make all sizes of the root sign as wide as the smallest.

    A browser reserves the width of the widest, as MathML Core says, which leaves a gap
    of 0.4 em behind each small root. And give the rule more distance from the letter.
    """
    table = font["MATH"].table
    table.MathConstants.RadicalVerticalGap.Value = 150
    variants, sign = table.MathVariants, font.getBestCmap()[ord("√")]
    place = variants.VertGlyphCoverage.glyphs.index(sign)
    sizes = variants.VertGlyphConstruction[place]
    glyphs = {record.VariantGlyph for record in sizes.MathGlyphVariantRecord}
    glyphs |= {part.glyph for part in sizes.GlyphAssembly.PartRecords}
    width, _ = font["hmtx"][sign]
    for name in glyphs:
        outline, (own, bearing) = font["glyf"][name], font["hmtx"][name]
        outline.coordinates.scale((width / own, 1))
        outline.coordinates.toInt()
        outline.recalcBounds(font["glyf"])
        font["hmtx"][name] = (width, round(bearing * width / own))


def _installed(package: str) -> Path:
    """The folder of an installed package, which need not be imported for its files."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            f"{package} is not installed: pip install 'nnref[site]'"
        )
    return Path(spec.submodule_search_locations[0])


def _subset(font: TTFont, unicodes: str, face: Path) -> None:
    options = subset.Options()
    options.flavor = "woff2"
    # Letters of a formula stand apart: STIX's pairs to kern are of no use there.
    options.layout_features = ["ssty"] if "MATH" in font else ["kern", "liga"]
    options.notdef_outline = True
    options.hinting = False
    options.name_IDs = [0, 13, 14]  # whose it is and the licence; the name is theirs
    if "MATH" in font:
        _mend_roots(font)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=subset.parse_unicodes(unicodes))
    worker.subset(font)
    font.flavor = "woff2"
    font.save(face)


if __name__ == "__main__":
    for path in make():
        print(f"{path.stat().st_size:7d}  {path.name}")
