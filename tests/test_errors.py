"""The error tree is the one that its docstring draws; an unknown name says what exists nearby."""

from __future__ import annotations

import inspect
import re

from treadle import errors
from treadle.errors import TreadleError, UnknownNameError, nearest


def drawn() -> dict[str, str]:
    """Class -> its base, read from the drawing."""
    assert errors.__doc__ is not None
    found, path = {}, list[str]()
    for line in errors.__doc__.splitlines():
        match = re.match(r"([│├└─ ]*)([A-Z]\w+Error)\b(.*)", line)
        if match:
            depth = len(match[1]) // 4
            path[depth:] = [match[2]]
            found[match[2]] = path[depth - 1] if depth else "Exception"
            assert not depth or match[3].strip(), f"{match[2]} is not explained"
    return found


def test_the_drawing_is_the_tree() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, Exception)]
    assert drawn() == {c.__name__: c.__base__.__name__ for c in classes if c.__base__}
    assert all(issubclass(c, TreadleError) and c.__doc__ for c in classes)


def test_an_unknown_name() -> None:
    error = UnknownNameError("tree", "event", ["Events", "Runs"], "They are in x.root.")
    assert str(error) == "unknown tree 'event'. Did you mean 'Events'? Known: Events, Runs. They are in x.root."
    assert (error.kind, error.name, error.nearest) == ("tree", "event", ["Events"])
    assert str(UnknownNameError("tree", "x", [])) == "unknown tree 'x'."
    long = UnknownNameError("branch", "zzz", [f"b{i:02}" for i in range(30)])
    assert "b19, ... (30 in all)" in str(long)
    assert "b20" not in str(long)


def test_nearest() -> None:
    assert nearest("MASS", ["mass", "Mass", "lumi"]) == ["mass", "Mass"]
    assert nearest("q", ["mass"]) == []
    assert len(nearest("pt", ["pt1", "pt2", "pt3"], n=2)) == 2
