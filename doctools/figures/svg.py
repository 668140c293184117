"""Turns matplotlib's SVG into a small one that takes its colours and font from CSS."""

from __future__ import annotations

import base64
import html
import io
import itertools
import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from doctools.figures.style import EM, FONT, THEMED

Point = tuple[int, int]  # in hundredths of a unit

# Stands in front of every id; replaced by what makes the id unique on its page.
PREFIX = "__figure__"

_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_FONT = re.compile(rf"(?P<traits>.*?)(?P<size>{_NUMBER}px)\s+(?P<family>.*)")
_PATH_TOKEN = re.compile(rf"[A-Za-z]|{_NUMBER}")
_REFERENCE = re.compile(r"(?<=url\(#)[^)]+|(?<=^#).+")
_PAIRS = {"M": 1, "Q": 2, "C": 3}  # points that a path command takes
_INVISIBLE = 5  # hundredths of a unit; a unit is less than two CSS pixels
_LOW = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "\N{MINUS SIGN}0123456789")
_SUPERSCRIPT = re.compile("([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_LENGTHS = ("x", "y", "width", "height", "stroke-width", "stroke-dasharray")
# Half the height of a digit in em: text is hung by its middle, so that it stays beside
# its tick when CSS changes the font size.
_MIDDLE = 0.33


def themed(source: str, *, ink: bool = False) -> str:
    """Return one `<svg>` element, the same for the light and the dark theme.

    With `ink`, grey images are ink on paper: black takes the colour of text, white
    lets the page through.
    """
    root = ElementTree.fromstring(source)
    _plain_names(root)
    _clean(root)
    for element in root.iter():
        style = element.attrib.pop("style", "")
        if fill := element.attrib.pop("fill", ""):  # behind a hatch
            style += f";fill:{fill}"
        if style := _style(element, style):
            element.set("style", style)
        if element.tag == "text":
            _text(element)
        if element.tag == "image":
            _image(element, ink=ink)
        if d := element.get("d"):
            element.set("d", _path(d))
        for name in _LENGTHS:
            if value := element.get(name):
                # A twentieth of a pixel off, a marker stands where it stood.
                element.set(name, _round(value, 1 if element.tag == "use" else 2))
        if transform := element.get("transform"):
            element.set("transform", _round(transform, 4))
    _clean(root)  # what the theme made invisible
    _identify(root)
    box = root.get("viewBox", "0 0 0 0").split()
    root.attrib = {
        "class": "nn-figure__drawing",
        "viewBox": " ".join(_round(value, 2) for value in box),
        "font-size": f"{EM:g}",
        "stroke-linejoin": "round",
        # What CSS makes of this is the width in inches: see figures.css.
        "style": f"--fig-width:{_round(str(float(box[2]) / 72), 2)}",
    }
    return ElementTree.tostring(root, encoding="unicode")


def mathtext(drawing: str) -> str | None:
    """The first text with a dollar sign in a drawing, if any."""
    found = re.search(r">([^<>]*\$[^<>]*)<", drawing)
    return html.unescape(found[1]) if found else None


def _plain_names(root: Element) -> None:
    """Drop the namespaces, which inline SVG in HTML does not have."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {k.rpartition("}")[2]: v for k, v in element.attrib.items()}
        if element.tag != "text":
            element.text = None
        element.tail = None


def _clean(parent: Element) -> None:
    """Remove what draws nothing, and groups that hold nothing but others."""
    children: list[Element] = []
    for child in parent:
        _clean(child)
        if child.tag in ("metadata", "style") or _invisible(child):
            continue
        if child.tag == "g" and not (child.attrib.keys() - {"id"}):
            children += child
        elif len(child) or child.tag not in ("g", "defs"):
            children.append(child)
    parent[:] = children


def _invisible(element: Element) -> bool:
    style = f";{element.get('style', '')}".replace(" ", "")
    if ";opacity:0;" in f"{style};":
        return True
    # Paths without an id only: one with an id is a marker's shape.
    return (
        element.tag == "path"
        and element.get("id") is None
        and ";fill:none" in style
        and ";stroke:" not in style.replace(";stroke:none", "")
    )


def _style(element: Element, style: str) -> str:
    pairs = [item.split(":", 1) for item in style.split(";") if ":" in item]
    values = {name.strip(): value.strip() for name, value in pairs}
    if match := _FONT.fullmatch(values.pop("font", "")):  # as matplotlib 3.9 writes it
        for trait in match["traits"].split():
            is_weight = trait.isdigit() or trait == "bold"
            values["font-weight" if is_weight else "font-style"] = trait
        values |= {"font-size": match["size"], "font-family": match["family"]}
    if element.tag == "text":
        if FONT in values.get("font-family", ""):
            del values["font-family"]
        size = float(values.pop("font-size", "10px").removesuffix("px"))
        element.set("font-size", f"{size / EM:.3g}em")
        if (anchor := values.pop("text-anchor", "start")) != "start":
            element.set("text-anchor", anchor)
    for name, value in values.items():
        if name in ("fill", "stroke"):
            values[name] = _color(value)
        elif name.startswith(("stroke", "opacity", "fill-opacity")):
            values[name] = _round(value, 2)
    if values.get("stroke-opacity") == "0":
        values = {k: v for k, v in values.items() if not k.startswith("stroke")}
    for name, default in (("stroke-dashoffset", "0"), ("fill", "var(--fig-fg)")):
        if values.get(name) == default:  # the root's fill is the foreground
            del values[name]
    return ";".join(f"{name}:{value}" for name, value in values.items())


def _color(value: str) -> str:
    # A colour that is not themed belongs to a colormap.
    variable = THEMED.get(value.lower())
    return f"var({variable})" if variable else value


def _text(element: Element) -> None:
    size = float(element.get("font-size", "1em").removesuffix("em")) * EM
    y = float(element.get("y", "0")) - _MIDDLE * size
    element.set("y", f"{y:.6f}")
    element.set("dy", f"{_MIDDLE}em")
    transform = element.get("transform", "")
    if re.match(r"rotate\(-?0(\.0+)?[ )]", transform):
        del element.attrib["transform"]
    _raise_superscripts(element)


def _image(element: Element, *, ink: bool) -> None:
    """Encode the same pixels in fewer bytes; in ink, as transparency."""
    from PIL import Image, ImageChops

    data = element.get("href", "").partition(",")[2]
    image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")
    red, green, blue, alpha = image.split()
    if ink and red.tobytes() == green.tobytes() == blue.tobytes():
        cover = ImageChops.multiply(ImageChops.invert(red), alpha)
        image = Image.merge("LA", (Image.new("L", image.size), cover))
        element.set("class", "nn-figure__ink")
    elif alpha.getextrema() == (255, 255):
        image = image.convert("RGB")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    data = base64.b64encode(out.getvalue()).decode()
    element.set("href", f"data:image/png;base64,{data}")


def _raise_superscripts(element: Element) -> None:
    """Set superscript digits as raised ones: few fonts have a superscript minus."""
    first, *rest = _SUPERSCRIPT.split(element.text or "")
    element.text = first
    for raised, after in zip(rest[::2], rest[1::2], strict=True):
        span = ElementTree.SubElement(
            element, "tspan", {"dy": "-.5em", "font-size": ".7em"}
        )
        span.text = raised.translate(_LOW)
        if after:
            back = ElementTree.SubElement(element, "tspan", {"dy": ".35em"})
            back.text = after


def _identify(root: Element) -> None:
    """Number the ids that something refers to, and drop the others."""
    used: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return used.setdefault(match[0], f"{PREFIX}{len(used) + 1}")

    for element in root.iter():
        for name in ("href", "clip-path", "style"):
            if value := element.get(name):
                element.set(name, _REFERENCE.sub(number, value))
    for element in root.iter():
        if (old := element.attrib.pop("id", None)) in used:
            element.set("id", used[old])


def _round(text: str, digits: int) -> str:
    """Round every number in a text."""
    return re.sub(rf"(?<![\w#]){_NUMBER}", lambda m: _number(float(m[0]), digits), text)


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return {"-0": "0", "": "0"}.get(text, text)


def _path(d: str) -> str:
    """The same path in relative numbers, without the points that nobody sees."""
    tokens = iter(_PATH_TOKEN.findall(d))
    out: list[str] = []
    here = start = (0, 0)
    line: list[Point] = []  # straight pieces not written yet

    def write(command: str, points: list[Point], origin: Point) -> None:
        out.append(command)
        for x, y in points:
            dx, dy = _hundredths(x - origin[0]), _hundredths(y - origin[1])
            out.append(f"{dx} {dy} ")

    def write_line() -> None:
        if line:
            kept = _simplified([here, *line])
            out.append("l")
            for a, b in itertools.pairwise(kept):
                write("", [b], a)
            line.clear()

    for token in tokens:
        command = token.upper()
        if command == "L":
            x, y = _point(tokens)
            line.append((round(x, -1), round(y, -1)))  # tenths are exact enough
            continue
        last = line[-1] if line else here
        write_line()
        here = last
        if command == "Z":
            out.append("z")
            here = start
            continue
        if command not in _PAIRS:
            raise ValueError(f"a path command that is not translated: {token} in {d}")
        points = [_point(tokens) for _ in range(_PAIRS[command])]
        write(command.lower(), points, here)
        here = points[-1]
        if command == "M":
            start = here
    write_line()
    # Blanks are needed only between two numbers of which the second has no sign.
    return re.sub(r" (?=[-a-z]|$)", "", "".join(out))


def _simplified(points: list[Point]) -> list[Point]:
    """Ramer-Douglas-Peucker: what is left is nowhere more than _INVISIBLE away."""
    keep = [False] * len(points)
    keep[0] = keep[-1] = True
    spans = [(0, len(points) - 1)]
    while spans:
        i, j = spans.pop()
        (x0, y0), (x1, y1) = points[i], points[j]
        dx, dy = x1 - x0, y1 - y0
        length = dx * dx + dy * dy
        far, at = float(_INVISIBLE**2), 0
        for k in range(i + 1, j):
            u, v = points[k][0] - x0, points[k][1] - y0
            along = min(max((u * dx + v * dy) / length, 0), 1) if length else 0
            away = (u - along * dx) ** 2 + (v - along * dy) ** 2
            if away > far:
                far, at = away, k
        if at:
            keep[at] = True
            spans += [(i, at), (at, j)]
    return list(itertools.compress(points, keep))


def _point(tokens: Iterator[str]) -> Point:
    return round(float(next(tokens)) * 100), round(float(next(tokens)) * 100)


def _hundredths(value: int) -> str:
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), 100)
    decimals = f".{part:02d}".rstrip("0") if part else ""
    return f"{sign}{whole if whole or not decimals else ''}{decimals}"
