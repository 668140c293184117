import base64
import gzip
import io
import itertools
import os
import re
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from doctools import figures, pages
from doctools.blocks import BlockError
from doctools.figures import drawing, style, svg
from doctools.figures.worker import Worker

CSS = (pages.DOCS / "assets" / "stylesheets" / "figures.css").read_text("utf-8")

LINES = """\
import matplotlib.pyplot as plt
import numpy as np

x = np.linspace(0.01, 3, 200)
fig, ax = plt.subplots()
ax.axhline(0, color="gray")
ax.plot(x, np.sin(3 * x), label="sin")
ax.plot(x, np.cos(x), "o", color="black", markeredgecolor="white", label="cos")
ax.set_xlabel("angle <φ> & more")
ax.set_ylabel("value")
ax.set_yscale("symlog", linthresh=0.01)
ax.legend()
plt.show()
"""
REGIONS = """\
import matplotlib.pyplot as plt
import numpy as np

u, v = np.meshgrid(np.linspace(-2, 2, 60), np.linspace(-1, 1, 50))
fig, ax = plt.subplots()
ax.contourf(u, v, u * v, levels=[-3, 0, 3], colors=["C0", "C1"], alpha=0.2)
ax.scatter([0, 1], [0, 0.5], color="C2", marker="^", edgecolor="white")
ax.bar([1.5], [0.5], hatch="//", color="white", edgecolor="C3")
plt.show()
"""
IMAGE = """\
import matplotlib.pyplot as plt
import numpy as np

image = np.arange(6).reshape(2, 3)
fig, (a, b) = plt.subplots(1, 2, figsize=(4, 2))
a.imshow(image, cmap="gray_r", vmin=0, vmax=5)
b.imshow(image, cmap="viridis")
plt.show()
"""


def page_text(*codes: str, caption: str = "What <one> sees & why.") -> str:
    return "\n".join(
        f"<!-- figure: {caption} -->\n```python\n{code}```\n" for code in codes
    )


def page_blocks(*codes: str) -> list[pages.Block]:
    return pages.blocks(page_text(*codes))


def draw(code: str) -> list[str]:
    return drawing.draw(pages.Block(10, code), "docs/page.md")


def short(body: str) -> str:
    return f"import matplotlib.pyplot as plt\n{body}\nplt.show()\n"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr(figures, "CACHE", folder)
    return folder


@pytest.fixture(scope="module")
def lines() -> str:
    return draw(LINES)[0]


@pytest.fixture(scope="module")
def regions() -> str:
    return draw(REGIONS)[0]


def test_html_of_a_page_is_sound():
    found = page_blocks(LINES, REGIONS, LINES, IMAGE)
    html = "".join(figures.figure_html(block, "page.md") for block in found)
    root = ElementTree.fromstring(f"<body>{html}</body>")

    assert [child.tag for child in root] == ["figure"] * 4
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:url\(#|href="#|labelledby=")([^)"]+)', html)
    assert len(used) > 30
    assert set(used) == set(ids)
    for figure in root:
        drawn, caption = figure
        assert drawn.get("role") == "img"
        assert drawn.get("aria-labelledby") == caption.get("id")
        assert caption.text == "What <one> sees & why."
    assert "<figcaption" in html
    assert "What &lt;one&gt; sees &amp; why." in html


@pytest.mark.parametrize("name", ["lines", "regions"])
def test_no_literal_colour_is_left(name, request):
    drawn = request.getfixturevalue(name)
    references = r'href="#[^"]+"|url\(#[^)]+\)'
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", re.sub(references, "", drawn))
    assert not re.search(r"\b(black|white|gr[ae]y)\b", drawn)
    assert "var(--fig-muted)" in drawn
    assert "var(--fig-bg)" in drawn


def test_roles_get_their_variables(lines, regions):
    assert "stroke:var(--fig-c0)" in lines
    assert 'fill="' not in lines  # black is inherited from the figure
    assert "fill:var(--fig-c0);fill-opacity:0.2" in regions
    assert "fill:var(--fig-c1);fill-opacity:0.2" in regions
    assert "fill:var(--fig-c2)" in regions


def test_colormaps_keep_their_colours():
    drawn = draw(
        short("plt.contourf([[0, 1], [2, 3]], cmap='viridis', levels=[0, 1, 2, 3])")
    )
    assert len(set(re.findall(r"fill:(#\w{6})", drawn[0]))) == 3


def test_svg_is_bare(lines):
    root = ElementTree.fromstring(lines)
    assert set(root.attrib) == {
        "class",
        "viewBox",
        "font-size",
        "stroke-linejoin",
        "style",
    }
    assert root.get("viewBox") == "0 0 460.8 230.4"
    assert root.get("style") == "--fig-width:6.4"
    tags = {element.tag for element in root.iter()}
    assert tags <= {
        "svg",
        "g",
        "defs",
        "path",
        "use",
        "text",
        "tspan",
        "clipPath",
        "rect",
    }
    assert not re.search(r"matplotlib|xmlns|DejaVu|Source Sans|\d\.\d{5}", lines)
    assert len(gzip.compress(lines.encode())) < 3000


def test_text_stays_text_and_hangs_by_its_middle(lines):
    texts = {e.text: e for e in ElementTree.fromstring(lines).iter("text")}
    assert {"angle <φ> & more", "value", "sin", "cos"} <= set(texts)
    assert texts["sin"].get("font-size") == "1.3em"
    assert texts["value"].get("text-anchor") == "middle"
    assert texts["value"].get("transform", "").startswith("rotate(-90 ")
    assert texts["sin"].get("transform") is None
    assert all(e.get("dy") == "0.33em" for e in texts.values())


def test_tick_labels_are_level_with_their_ticks():
    drawn = ElementTree.fromstring(draw(short("plt.plot([1, 2])"))[0])
    ticks = [float(e.get("y")) for e in drawn.iter("use")]
    labels = [e for e in drawn.iter("text") if e.get("text-anchor") == "end"]
    assert len(labels) > 4
    for label in labels:
        assert min(abs(float(label.get("y")) - y) for y in ticks) < 0.7


def test_log_ticks_are_raised_text_not_mathtext(lines):
    raised = [
        (e.text, e[0].text)
        for e in ElementTree.fromstring(lines).iter("text")
        if len(e)
    ]
    minus = "\N{MINUS SIGN}"
    assert ("10", f"{minus}1") in raised
    assert (f"{minus}10", "0") in raised
    assert r"\mathdefault" not in lines


def test_superscripts_inside_text():
    drawn = draw(short("plt.title('a⁻¹² b²c')"))[0]
    title = next(e for e in ElementTree.fromstring(drawn).iter("text") if e.text == "a")
    assert "".join(title.itertext()) == "a\N{MINUS SIGN}12 b2c"
    assert [span.get("dy") for span in title] == ["-.5em", ".35em"] * 2


@pytest.mark.parametrize("label", ["$x^2$", "cost: 5 $", r"\$"])
def test_mathtext_is_refused(label):
    with pytest.raises(BlockError, match=r"^docs/page.md:13: mathtext .* Unicode"):
        draw(short(f"plt.title({label!r})"))


def test_too_wide_for_a_phone_is_refused():
    with pytest.raises(BlockError, match=r"^docs/page.md:13: .* 9 inches wide"):
        draw(short("plt.figure(figsize=(9, 3))"))


def test_glyph_that_no_font_has_is_an_error():
    with pytest.raises(BlockError, match="Glyph 20013"):
        draw(short("plt.title('\u4e2d')"))


def test_caption_is_required():
    with pytest.raises(figures.FigureError, match=r"^a.md:7: .*caption"):
        figures.figure_html(pages.Block(7, LINES), "a.md")


def test_every_open_figure_at_every_show():
    code = short("plt.plot([1, 2])\nplt.figure(figsize=(3, 2))\nplt.plot([2, 1])")
    assert len(draw(code)) == 2
    twice = code + "plt.plot([3, 4])\nplt.show()\n"
    assert len(draw(twice)) == 3
    html = figures.figure_html(pages.Block(3, twice, caption="Three."), "a.md")
    ids = re.findall(r' id="([^"]+)"', html)
    assert html.count("<svg") == 3
    assert len(ids) == len(set(ids))


def test_style_comes_from_neither_other_blocks_nor_the_user(lines):
    import matplotlib as mpl

    draw(short("plt.rcParams['lines.linewidth'] = 9\nplt.plot([1, 2])"))
    with mpl.rc_context({"xtick.direction": "in", "lines.markeredgewidth": 3}):
        assert draw(LINES) == [lines]


def test_errors_of_all_pages_name_page_and_line(tmp_path):
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text(page_text(LINES))
    bad.write_text(page_text(short("a = 1\nplt.plot(1 / 0)"), short("plt.nothing()")))
    with pytest.raises(figures.FigureError) as caught:
        figures.draw_all([good, bad])
    message = str(caught.value)
    assert f"{bad.as_posix()}:5: ZeroDivisionError" in message
    assert f"{bad.as_posix()}:12: AttributeError" in message
    assert figures.draw_all([good]) == 0  # what could be drawn was kept


def test_error_during_a_build_names_page_and_line(tmp_path, monkeypatch):
    # Without front matter, as MkDocs hands the page to Markdown, lines are too low.
    text = page_text(LINES, short("plt.plot(1 / 0)"))
    (tmp_path / "page.md").write_text(f"---\ntitle: t\n---\n{text}")
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    monkeypatch.setattr(pages, "markdown_pages", lambda: [tmp_path / "page.md"])
    where = (tmp_path / "page.md").as_posix()
    line = 3 + text.split("plt.plot(1 / 0)")[0].count("\n") + 1
    with pytest.raises(
        figures.FigureError, match=f"^{where}:{line}: ZeroDivisionError"
    ):
        figures.figure_html(pages.blocks(text)[1])


def test_block_that_ends_its_process_or_prints(tmp_path, cache):
    page = tmp_path / "page.md"
    kill = short("import os\nos._exit(3)")
    loud = short("import os\nprint('{}')\nos.write(1, b'{}\\n')\nplt.plot([1, 2])")
    page.write_text(page_text(kill, loud, loud.replace("2", "3")))
    with pytest.raises(figures.FigureError, match=r"^\S+page.md:2: .*exit code 3$"):
        figures.draw_all([page])
    assert len(list(cache.glob("*.svg"))) == 2


def counting(path: Path) -> str:
    return short(
        f"with open({str(path)!r}, 'a') as file:\n    file.write('x')\nplt.plot([1, 2])"
    )


def test_unchanged_blocks_are_not_run_again(tmp_path, monkeypatch):
    runs = tmp_path / "runs"
    source = tmp_path / "package"
    source.mkdir()
    (source / "module.py").write_text("def used(): pass\ndef other(): pass\n")
    monkeypatch.setattr(figures, "PACKAGE", source)
    page = tmp_path / "page.md"
    code = "# used\n" + counting(runs)
    page.write_text(page_text(code))
    block = pages.blocks(page.read_text())[0]

    assert figures.draw_all([page]) == 1
    assert figures.draw_all([page]) == 0
    first = figures.figure_html(block, "page.md")
    moved = page_blocks("x = 1\n", code)[1]
    again = figures.figure_html(moved, "page.md")
    assert runs.read_text() == "x"
    assert again != first  # other ids

    (source / "module.py").write_text("def used(): pass\ndef other(): return 1\n")
    assert figures.draw_all([page]) == 0
    (source / "module.py").write_text("def used(): return 1\n")
    assert figures.figure_html(block, "page.md") == first
    assert runs.read_text() == "xx"
    (source / "data.npz").write_text("new")
    assert figures.draw_all([page]) == 1
    assert figures.draw_all([page]) == 0
    page.write_text(page.read_text().replace("[1, 2]", "[1, 3]"))
    assert figures.draw_all([page]) == 1
    assert runs.read_text() == "xxxx"
    monkeypatch.setattr(figures, "SOURCES", (page,))
    assert figures.draw_all([page]) == 1


def test_what_drawings_depend_on():
    sources = {figures.PACKAGE, *figures.SOURCES}
    names = {source.relative_to(pages.ROOT).as_posix() for source in sources}
    assert {"nnref", "doctools/figures"} <= names
    assert all(source.exists() for source in sources)


def test_worker_kept_for_live_reload_sees_the_new_package(tmp_path, monkeypatch):
    module = tmp_path / "package_of_this_test.py"
    monkeypatch.setattr(figures, "PACKAGE", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    code = short("import package_of_this_test as p\nplt.title(p.name)")
    block = pages.Block(2, code, caption="A name.")
    for name in ("before", "afterwards"):
        module.write_text(f"name = {name!r}\n")
        assert f">{name}</text>" in figures.figure_html(block, "page.md")


def test_cache_forgets_what_is_no_longer_asked_for(tmp_path, cache):
    page = tmp_path / "page.md"
    page.write_text(page_text(LINES))
    figures.draw_all([page])
    (kept,) = cache.glob("*.svg")
    (picture,) = cache.glob("*.png.json")
    stale = cache / "stale.svg"
    stale.write_text("")
    long_ago = time.time() - (figures.KEEP_DAYS + 1) * 86400
    os.utime(stale, (long_ago, long_ago))
    os.utime(kept, (long_ago, long_ago))
    figures.draw_all([page])
    assert set(cache.iterdir()) == {kept, picture}


def test_same_bytes_whatever_the_hash_seed(monkeypatch):
    answers = []
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        with Worker() as worker:
            answers.append(
                [worker.draw("p", b) for b in page_blocks(LINES, REGIONS, IMAGE)]
            )
    assert all("figures" in answer for answer in answers[0])
    assert answers[0] == answers[1]


# ------------------------------------------------------------------------- images


def pixels(element: ElementTree.Element) -> np.ndarray:
    data = base64.b64decode(
        element.get("href", "").removeprefix("data:image/png;base64,")
    )
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def test_grey_is_ink_only_where_black_means_more():
    code = IMAGE.replace("gray_r", "gray")
    assert "nn-figure__ink" not in draw(code)[0]


def test_images_keep_their_pixels_and_ink_is_transparent():
    import matplotlib as mpl

    ink, color = ElementTree.fromstring(draw(IMAGE)[0]).iter("image")
    assert ink.get("class") == "nn-figure__ink"
    assert color.get("class") is None
    expected = mpl.colormaps["viridis"](np.linspace(0, 1, 6).reshape(2, 3), bytes=True)
    np.testing.assert_array_equal(pixels(color), expected)
    cover = pixels(ink)
    assert not cover[..., :3].any()
    np.testing.assert_allclose(
        cover[..., 3], np.linspace(0, 255, 6).reshape(2, 3), atol=1
    )


# -------------------------------------------------------------------------- paths


def absolute(d: str) -> list[tuple[str, list[complex]]]:
    """The commands of a path of which every coordinate is relative."""
    here, start, found = 0j, 0j, []
    for command, numbers in re.findall(r"([mlqcz])([^mlqcz]*)", d):
        values = [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", numbers)]
        size = {"m": 2, "l": 2, "q": 4, "c": 6, "z": 0}[command]
        if command == "z":
            here = start
        while values:
            taken, values = values[:size], values[size:]
            points = [
                here + complex(*pair)
                for pair in zip(taken[::2], taken[1::2], strict=True)
            ]
            here = points[-1]
            start = here if command == "m" else start
            found.append((command, points))
    return found


def test_path_is_the_same_path():
    d = "M 1.234567 -2 L 10.5 3 L 0.004 700.126 z M 0.5 0.5 Q 1 2 3 4 C 1 1 2 2 0 0"
    short_d = svg._path(d)
    assert len(short_d) < len(d)
    expected = [
        ("m", [1.23 - 2j]),
        ("l", [10.5 + 3j]),
        ("l", [700.1j]),
        ("m", [0.5 + 0.5j]),
        ("q", [1 + 2j, 3 + 4j]),
        ("c", [1 + 1j, 2 + 2j, 0j]),
    ]
    for (command, points), (name, wanted) in zip(
        absolute(short_d), expected, strict=True
    ):
        assert command == name
        np.testing.assert_allclose(points, wanted, atol=1e-9)


def test_long_paths_do_not_drift_and_lose_only_what_is_invisible():
    rng = np.random.default_rng(0)
    for scale, most in [(0.001, 300), (3.0, 2999)]:
        points = np.cumsum(rng.normal(size=(3000, 2)) * [0.05, scale], axis=0)
        d = "M" + " L".join(f" {x:.6f} {y:.6f}" for x, y in points)
        kept = np.array([p for _, (p,) in absolute(svg._path(d))])
        assert len(kept) < most
        z = points @ [1, 1j]
        assert abs(kept[-1] - z[-1]) < 0.08  # half a tenth, in both directions
        a, b = kept[:-1], kept[1:]
        for point in z:  # the distance to the nearest kept segment
            along = ((point - a) * (b - a).conj()).real / np.abs(b - a) ** 2
            nearest = a + np.clip(along, 0, 1) * (b - a)
            assert np.abs(point - nearest).min() < 0.13  # and what is invisible


def test_font_shorthand_of_older_matplotlib():
    element = ElementTree.Element("text")
    left = svg._style(
        element, "font: 700 13px 'Source Sans Pro', 'DejaVu Sans'; text-anchor: end"
    )
    assert left == "font-weight:700"
    assert element.get("font-size") == "1.3em"
    assert element.get("text-anchor") == "end"


# ------------------------------------------------------------------------- colours


def css_lists() -> list[dict[str, str]]:
    lists = [
        dict(re.findall(r"(--fig-\w+): ([^;]+);", body))
        for body in re.findall(r"\{([^{}]*--fig-c0:[^{}]*)\}", CSS)
    ]
    assert len(lists) == 3
    return lists


def test_css_defines_what_the_style_uses():
    light, slate, system = css_lists()
    assert slate == system
    assert set(style.THEMED.values()) <= set(light)
    assert set(light) == set(slate)
    assert tuple(light[f"--fig-c{k}"] for k in range(6)) == style.CYCLE


# How linear RGB is seen without one kind of cone
# (Machado, Oliveira and Fernandes 2009, severity 1).
VISION = {
    "all": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def linear(color: str) -> np.ndarray:
    c = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ np.clip(rgb, 0, 1)
    x, y, z = np.cbrt(xyz / TO_XYZ.sum(axis=1))  # no colour here is nearly black
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", [0, 1])
def test_colours_can_be_told_apart(theme, vision):
    variables = css_lists()[theme]
    seen = [
        lab(np.array(VISION[vision]) @ linear(variables[f"--fig-c{k}"]))
        for k in range(6)
    ]
    for i, j in itertools.combinations(range(6), 2):
        distance = np.linalg.norm(seen[i] - seen[j])
        assert distance > (20 if max(i, j) < 4 else 14), (i, j)


@pytest.mark.parametrize(
    ("theme", "backgrounds"),
    [(0, ["#ffffff", "#fdfdfb", "#f4f4f0"]), (1, ["#14161a", "#15171a", "#1e2125"])],
)
def test_colours_stand_out_from_the_page(theme, backgrounds):
    variables = css_lists()[theme]
    for background, k in itertools.product(backgrounds, range(6)):
        pair = [linear(c) @ TO_XYZ[1] for c in (background, variables[f"--fig-c{k}"])]
        contrast = (max(pair) + 0.05) / (min(pair) + 0.05)
        assert contrast >= 3, (background, k)


def test_lines_differ_by_more_than_colour():
    drawn = draw(
        short("for k in range(6):\n    plt.plot([0, 1], [k, k + 1], label=str(k))")
    )[0]
    dashes = {}
    for line in re.findall(r'style="([^"]*stroke:var\(--fig-c\d\)[^"]*)"', drawn):
        color = re.search(r"--fig-c\d", line)[0]
        dash = re.search(r"stroke-dasharray:([^;]+)", line)
        dashes.setdefault(color, dash[1] if dash else "solid")
    assert len(dashes) == 6
    assert len(set(dashes.values())) == 6
