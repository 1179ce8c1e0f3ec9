"""JSON that folds: the same value however much of it is open."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from batch_tui.ui.text.conversation import raw
from batch_tui.ui.text.folding import FoldedJson
from batch_tui.ui.text.json_reading import pretty_lines

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab é[}",', max_size=6),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=4),
    max_leaves=30,
)
VECTOR = [number / 8 for number in range(1536)]


def texts(source: FoldedJson) -> list[str]:
    return [source.line(number).text for number in range(source.count)]


def test_few_values_stand_one_below_the_other_and_a_vector_on_one_line() -> None:
    source = FoldedJson({"index": 0, "few": [1, 2], "embedding": VECTOR, "none": []})
    shown = texts(source)
    assert shown[:5] == ["{", '  "index": 0,', '  "few": [', "    1,", "    2"]
    assert shown[6].startswith('  "embedding": [0.0, 0.125, 0.25, ')
    assert shown[6].endswith("191.875],")
    assert shown[7:] == ['  "none": []', "}"]


def test_enter_on_a_line_opens_what_is_folded_there_and_folds_it_again_from_either_end() -> None:
    source = FoldedJson({"embedding": VECTOR, "index": 0})
    folded = texts(source)
    assert source.toggle(1) == 1
    assert (source.count, source.line(2).text) == (4 + 1537, "    0.0,")
    assert source.toggle(1538) == 1
    assert texts(source) == folded
    assert source.toggle(2) is None
    assert source.toggle(0) == 0
    assert source.count == 1
    assert source.toggle(0) == 0
    assert texts(source) == folded


@given(JSON, st.lists(st.integers(0, 40), max_size=6))
def test_whatever_is_folded_the_lines_are_the_value(value: object, steps: list[int]) -> None:
    source = FoldedJson(value)
    for step in steps:
        place = source.toggle(step % source.count)
        assert place is None or 0 <= place < source.count
        assert json.loads("\n".join(texts(source))) == value


@given(JSON)
def test_what_is_all_open_is_plain_indented_json(value: object) -> None:
    source, number = FoldedJson(value), 0
    while number < source.count:
        if source.line(number).text.rstrip(",")[-1] in "]}" and source.line(number).text.lstrip()[0] not in "]}":
            source.toggle(number)
        number += 1
    assert texts(source) == list(pretty_lines(value))


def test_what_is_nested_too_deep_or_too_long_begins_folded() -> None:
    deep = json.loads('{"a":' * 300 + "1" + "}" * 300)
    assert FoldedJson(deep).count == 2 * 40 + 1
    long = FoldedJson([{"n": number} for number in range(100_000)])
    assert long.count < 150_000
    assert long.line(long.count - 2).text == '  {"n": 99999}'


def test_what_is_hidden_in_a_value_becomes_visible_signs() -> None:
    source = raw('{"text": "\\u001b[31mred\\u202e", "list": ["\\u2028"]}')
    shown = "".join(source.line(number).text for number in range(source.count))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\u2028" not in shown
