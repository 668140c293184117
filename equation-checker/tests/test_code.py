"""Which changes of a package a text notices."""

from __future__ import annotations

import os

import pytest

from eqcheck import CHECKED, FAILED, Config, check_page
from eqcheck.outside import code

MODULE = '''\
"""A module."""

import math

LIMIT = 3


def half(x):
    """Halve."""
    return x / 2  # exactly


def quarter(x):
    return half(half(x))


class Scale:
    def by(self, x):
        return self.factor * x + _shift(x)

    def held(self):
        return vars(self), [getattr(self, name) for name in ("factor", "by")]


def _shift(x):
    return 0


def any_of(name):
    return globals()[name]


print(math.pi)
'''
ANY = {"any_of(name)", "getattr(package, name)"}  # what may rest on everything
ALL = {"half(1)", "quarter(1)", "Scale()", "nothing", *ANY}


@pytest.mark.parametrize(
    ("old", "new", "noticed"),
    [
        ("A module", "The module", set()),
        ("Halve", "Divide", set()),
        ("# exactly", "# about", set()),
        ("x / 2", "x / 3", {"half(1)", "quarter(1)"} | ANY),
        ("half(half(x))", "half(x)", {"quarter(1)"} | ANY),
        ("return 0", "return 1", {"Scale()"} | ANY),
        ("LIMIT = 3", "LIMIT = 4", ANY),
        ("math.pi", "math.e", ALL),
        ("import math", "import math, json", ALL),
    ],
)
def test_a_text_notices_what_it_rests_on(tmp_path, old, new, noticed):
    place = tmp_path / "package"
    place.mkdir()
    file = place / "module.py"

    def digests(text, seconds):
        file.write_text(text, encoding="utf-8")
        os.utime(file, (seconds, seconds))
        found = code.read(place)
        return {each: found.digest(each) for each in ALL}

    assert old in MODULE
    before, after = digests(MODULE, 1), digests(MODULE.replace(old, new), 2)
    assert {each for each in ALL if before[each] != after[each]} == noticed


def test_other_files_and_new_ones_are_noticed(tmp_path):
    (tmp_path / "data.npz").write_bytes(b"1")
    digests = {code.read(tmp_path).digest("")}
    (tmp_path / "data.npz").write_bytes(b"23")
    digests.add(code.read(tmp_path).digest(""))
    (tmp_path / "new.py").write_text("")
    digests.add(code.read(tmp_path).digest(""))
    (tmp_path / "new.py").write_text("this is no Python")
    digests.add(code.read(tmp_path).digest(""))
    assert len(digests) == 4


def test_prose_is_not_checked_again_and_code_is(tmp_path, monkeypatch):
    import eqcheck

    monkeypatch.syspath_prepend(tmp_path)
    module, page = tmp_path / "rests_on.py", tmp_path / "page.md"
    module.write_text("def f(x):\n    return 2 * x\n\ndef g(x):\n    return x\n")
    text = "Words.\n\n<!-- equation\nx = 3.0\ny = rests_on.f(x)\n-->\n$$\ny = 2 x\n$$\n"
    page.write_text(text)
    config = Config(("rests_on",), ("rests_on",))
    runs = []
    real = eqcheck.check_text
    monkeypatch.setattr(
        eqcheck, "check_text", lambda *a, **k: runs.append(1) or real(*a, **k)
    )

    def status():
        (result,) = check_page(page, cache=tmp_path / "kept", config=config)
        return result.status

    assert status() == CHECKED
    page.write_text(text.replace("Words", "Other words"))
    module.write_text(module.read_text().replace("return x", "return x + 1"))
    assert status() == CHECKED
    assert len(runs) == 1
    module.write_text(module.read_text().replace("2 *", "2.0 *"))
    assert status() == CHECKED
    assert len(runs) == 2
    page.write_text(text.replace("2 x", "3 x"))
    assert status() == FAILED
