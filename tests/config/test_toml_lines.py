"""Where keys stand in a TOML file."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from tui.toml_lines import lines_of_keys

TEXT = '''\
# comment
a = 1

list = [
  "x", # [not.a.table]
  "y = 2",
]
long = """
[b]
c = 3
"""
dot.ted."k.e y" = 4
inline = { x = 1, y = { z = 2 } }
[b]
c = 3
[providers."a.b"]
d = 5
[[things]]
e = 6
[[things]]
e = 7
'''


def test_each_form_of_a_key_is_found_on_its_first_line() -> None:
    assert lines_of_keys(TEXT) == {
        ("a",): 2,
        ("list",): 4,
        ("long",): 8,
        ("dot",): 12,
        ("dot", "ted"): 12,
        ("dot", "ted", "k.e y"): 12,
        ("inline",): 13,
        ("inline", "x"): 13,
        ("inline", "y"): 13,
        ("inline", "y", "z"): 13,
        ("b",): 14,
        ("b", "c"): 15,
        ("providers",): 16,
        ("providers", "a.b"): 16,
        ("providers", "a.b", "d"): 17,
        ("things",): 18,
        ("things", "e"): 19,
    }
    assert lines_of_keys(TEXT.replace("\n", "\r\n")) == lines_of_keys(TEXT)


NAMES = st.text("abc", min_size=1, max_size=2)
STATEMENTS = st.one_of(
    st.tuples(NAMES, st.sampled_from(["1", '"""\nx = 1\n"""', "[\n1,\n]", "{ q = 1 }", "'#'"])).map(" = ".join),
    NAMES.map("[{}]".format),
    st.tuples(NAMES, NAMES).map(lambda names: "[{}.{}]".format(*names)),
    st.sampled_from(["", "# x = 1"]),
)


@given(st.lists(STATEMENTS, max_size=8))
def test_exactly_the_keys_of_a_valid_file_are_found(statements: list[str]) -> None:
    text = "\n".join(statements)
    try:
        values = tomllib.loads(text)
    except ValueError:
        return
    found = lines_of_keys(text)
    assert set(found) == keys(values)
    lines = text.split("\n")
    for path, number in found.items():
        assert path[-1] in lines[number - 1]


def keys(table: object) -> set[tuple[str, ...]]:
    if not isinstance(table, dict):
        return set()
    return {(key, *rest) for key, value in table.items() for rest in {(), *keys(value)}}


def test_an_endless_list_costs_a_bounded_time() -> None:
    assert lines_of_keys("a = 1\nb = [\n" + "1,\n" * 50_000 + "]\nc = 1\n") == {("a",): 1}
