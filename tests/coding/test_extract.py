"""Taking programs out of what models write."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.coding.extract import body_at_top_level, extract, extract_program, parses, trim_to_parse

PREFIX = "import uproot\nevents = uproot.open('z.root')['events'].arrays()\n"


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("```python\nprint(1)\n```", "print(1)\n"),
        ("Here it is:\n\n```py\nx = 1\n```\nIt sets x.", "x = 1\n"),
        ("```\nprint(2)\n```", "print(2)\n"),
        ("```bash\nls\n```\n```python\nprint(3)\n```", "print(3)\n"),
        ("```python\nprint(\n```\nor\n```python\nprint(4)\n```", "print(4)\n"),
        ("1. So:\n   ```python\n   def f():\n       return 1\n   ```", "def f():\n    return 1\n"),
        ("```python\nprint(5)```", "print(5)\n"),
        ("```python\nprint(6)\n", "print(6)\n"),
        ("def f(x):\n    return x\n", "def f(x):\n    return x\n"),
        ("Sure! The code:\n\nimport math\nprint(math.pi)\n\nThis prints pi to you.", "import math\nprint(math.pi)\n"),
        ("```python\r\nprint(7)\r\n```", "print(7)\n"),
    ],
)
def test_code_in_answers(text: str, program: str) -> None:
    assert extract_program(text) == program


@pytest.mark.parametrize(
    "text", ["", "   \n", "I cannot do that.", "Yes", "42", "The answer is 3, or so", "```bash\nls\n```"]
)
def test_no_code_is_none(text: str) -> None:
    assert extract_program(text) is None


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("print(1)\n```\nThis prints one.", "print(1)\n"),
        ("print(1)```", "print(1)\n"),
        ("print(1)", "print(1)\n"),
        ("print(1)\n\nThis prints the number one.\n", "print(1)\n"),
        ('x = """\n```\n"""\nprint(x)\n```\n', 'x = """\n```\n"""\nprint(x)\n'),
    ],
)
def test_continuations_of_a_primer(text: str, added: str) -> None:
    assert extract_program(text, "```python\n" + PREFIX, PREFIX) == PREFIX + added


def test_what_is_broken_from_its_beginning_is_seen_and_not_called_no_code() -> None:
    text = "x = max(np.max(events['a']), np.max(events['a_"
    assert extract_program(text, "```python\n" + PREFIX, PREFIX) == PREFIX + text + "\n"


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("\n    x = 1\n    print(x)\n", "x = 1\nprint(x)\n"),
        ("\n    x = 1\n\n    print(x)\n\nrequest_1(events)\n", "x = 1\n\nprint(x)\n"),
        ("\n    for x in y:\n        print(x)\n# that is it", "for x in y:\n    print(x)"),
        ("x = 1\nprint(x)", "x = 1\nprint(x)"),
        ("", ""),
    ],
)
def test_the_body_of_a_function(text: str, body: str) -> None:
    assert body_at_top_level(text) == body


def test_a_repeated_primer_counts_once() -> None:
    primer = "```python\n" + PREFIX
    assert extract_program(primer + "print(1)\n```", primer, PREFIX) == PREFIX + "print(1)\n"


def test_an_own_block_instead_of_a_continuation() -> None:
    assert extract_program("Sure:\n```python\nprint(1)\n```", "```python\n" + PREFIX, PREFIX) == PREFIX + "print(1)\n"
    header = "def f(x):\n"
    assert extract_program("```python\ndef f(x):\n    return 1\n```", "```python\n" + header, header) == (
        "def f(x):\n    return 1\n"
    )


def test_a_header_alone_is_no_program() -> None:
    assert extract_program("", "```python\n" + PREFIX, PREFIX) is None
    assert extract_program("```\n", "```python\n" + PREFIX, PREFIX) is None


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("a = 1\nb = (a +\n", "a = 1\n"),
        ("a = 1\nprint(a, 'unfin", "a = 1\n"),
        ("a = 1\nfor x in a:\n    y =", "a = 1\n"),
        ("a = 1\ndef f(x,\n      y", "a = 1\n"),
        ("def f():\n    x = 1\n    if x:", "def f():\n    x = 1\n"),
        ('a = 1\nb = """text\nmore', "a = 1\n"),
    ],
)
def test_an_unfinished_end_is_dropped(source: str, kept: str) -> None:
    assert trim_to_parse(source) == (kept, True)


@pytest.mark.parametrize("source", ["a = 1\nb = = 2\nc = 3\nd = 4\n", "x = (1\ny = 2\nz)\nprint(x)\n", "a = 1\n"])
def test_a_fault_in_the_middle_is_kept(source: str) -> None:
    assert trim_to_parse(source) == (source, False)


def test_the_syntax_error_of_a_closed_block_is_kept() -> None:
    found = extract("```python\na = 1\nb = (\n```")
    assert found is not None
    assert found.program == "a = 1\nb = (\n"
    assert not found.trimmed


def test_trimming_is_told() -> None:
    found = extract("a = 1\nb = (", "```python\n" + PREFIX, PREFIX)
    assert found is not None
    assert (found.program, found.trimmed) == (PREFIX + "a = 1\n", True)


PIECES = st.sampled_from(
    [
        "```",
        "```python\n",
        "\n",
        "def f(x):\n",
        "    return x\n",
        "print(1)\n",
        "'''",
        "(",
        ")",
        "The end. ",
        "\x00",
        "x = 1\n",
        "\\",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=15).map("".join)), st.booleans())
def test_extraction_never_raises(text: str, primed: bool) -> None:
    found = extract(text, "```python\n" + PREFIX, PREFIX) if primed else extract(text)
    if found is not None:
        assert found.program.strip()


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_trimming_is_a_prefix_that_parses(source: str) -> None:
    kept, trimmed = trim_to_parse(source)
    if trimmed:
        assert parses(kept)
        assert source.startswith(kept.rstrip())
        assert trim_to_parse(kept) == (kept, False)
    else:
        assert kept == source


def test_deep_nesting_does_not_raise() -> None:
    assert extract_program("```python\nx = " + "(" * 5000 + "\n```") is not None
