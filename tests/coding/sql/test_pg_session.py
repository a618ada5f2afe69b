"""Where a statement ends, told without a server."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from treadle.coding.sql.databases.pg_session import bare

WORDS = st.sampled_from(["SELECT", " ", "1", "\n", "+", "(", ")", "a", "E", "\u00e9", "$1", "*", "/"])
INSIDE = st.text(st.sampled_from("ab;- \n*/éE"), max_size=6)
PIECES = st.one_of(
    WORDS,
    INSIDE.map(lambda text: f"'{text}'"),
    INSIDE.map(lambda text: f"'{text}''{text}'"),
    INSIDE.map(lambda text: f' "{text}" '),
    INSIDE.map(lambda text: f" E'{text}\\\\\\';'"),
    INSIDE.map(lambda text: f" $${text}$$ "),
    INSIDE.map(lambda text: f" $t1$ {text} $$ ; $t1$ "),
    st.text(st.sampled_from("ab;'\"$ "), max_size=6).map(lambda text: f" --{text}\n"),
    st.text(st.sampled_from("ab;'\"$ "), max_size=6).map(lambda text: f" /*{text}*/ "),
    st.text(st.sampled_from("ab;'\"$ "), max_size=6).map(lambda text: f" /*{text}/* ; */{text}*/ "),
)


@given(st.lists(PIECES, max_size=8).map("".join), st.text(st.sampled_from(";- \n'\"ab"), max_size=6))
def test_the_end_is_the_first_semicolon_outside_of_everything(statement: str, rest: str) -> None:
    if "/*" in statement.replace(" /*", "") or "--" in statement.replace(" --", ""):
        return  # words that became a comment together
    assert bare(f"{statement};{rest}") == statement
    assert bare(statement) == statement
