"""Each operation has its counterpart in PyTorch, also where PyTorch is not installed.

`test_parity.py` compares with it and is left out without it; so one who adds an
operation is told here what is still to be written there.
"""

import ast
from pathlib import Path

from recipes import RECIPES


def test_every_operation_names_its_counterpart():
    path = Path(__file__).with_name("test_parity.py")
    (table,) = (
        node.value
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == "PYTORCH"
    )
    assert isinstance(table, ast.Dict)
    names = {ast.literal_eval(key) for key in table.keys if key is not None}
    assert names == set(RECIPES), "tests/test_parity.py, PYTORCH"
