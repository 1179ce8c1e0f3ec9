from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_tui.domain.errors import ConditionError, InputFileError
from batch_tui.domain.files import Progress
from batch_tui.jsonl import search
from batch_tui.jsonl.lines import BlockReader
from batch_tui.jsonl.search import Hit, search_file
from tests.support.result_files import write_lines


def found(path: Path, needle: str, *, ignore_case: bool = False, regex: bool = False) -> list[Hit]:
    return list(search_file(path, needle, ignore_case=ignore_case, regex=regex))


def line_numbers(path: Path, needle: str, *, ignore_case: bool = False, regex: bool = False) -> list[int]:
    return [hit.line for hit in found(path, needle, ignore_case=ignore_case, regex=regex)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_lines(
        tmp_path / "some.jsonl",
        [
            b'{"text": "alpha beta alpha"}',
            b"",
            '{"text": "café \u2028 Ünï 😀"}'.encode(),
            b'{"text": "caf\\u00e9 \\u00dcn\\u00EF \\ud83d\\ude00"}',
            b'{"text": "say \\"hi\\" C:\\\\dir https:\\/\\/x \\n \\u003cb\\u003e"}',
            b'{"text": "ALPHA CAF\xc3\x89 https://x <b>"}',
        ],
    )


def test_a_hit_tells_line_column_and_length_in_bytes(path: Path) -> None:
    assert found(path, "beta") == [Hit(line=1, start=0, column=17, length=4)]
    assert found(path, "😀") == [
        Hit(line=3, start=30, column=27, length=4),
        Hit(line=4, start=30 + len('{"text": "café \u2028 Ünï 😀"}'.encode()) + 1, column=35, length=12),
    ]


def test_one_hit_a_line_the_first(path: Path) -> None:
    assert [(hit.line, hit.column) for hit in found(path, "alpha")] == [(1, 11)]


@pytest.mark.parametrize(
    ("needle", "plain", "ignoring_case"),
    [
        ("alpha", [1], [1, 6]),
        ("ALPHA", [6], [1, 6]),
        ("café", [3, 4], [3, 4, 6]),
        ("CAFÉ", [6], [3, 4, 6]),
        ("Ünï", [3, 4], [3, 4]),
        ("üNÏ", [], [3, 4]),
        ('say "hi"', [5], [5]),
        ('{"text"', [1, 3, 4, 5, 6], [1, 3, 4, 5, 6]),
        ("C:\\dir", [5], [5]),
        ("https://x", [5, 6], [5, 6]),
        ("<b>", [5, 6], [5, 6]),
        ("<B>", [], [5, 6]),
        ("\n", [5], [5]),
        ("\u2028", [3], [3]),
        ("nowhere", [], []),
        ("beta alpha", [1], [1]),
    ],
)
def test_a_text_is_found_however_json_writes_it(
    path: Path, needle: str, plain: list[int], ignoring_case: list[int]
) -> None:
    assert line_numbers(path, needle) == plain
    assert line_numbers(path, needle, ignore_case=True) == ignoring_case


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("alpha.*alpha", [1]),
        ("^$", [2]),
        ('^[^y]*"}$', [1, 3, 4, 6]),
        (r"caf\\u00e9", [4]),
        ("é", [3]),
        ("(?i)alpha", [1, 6]),
    ],
)
def test_a_regular_expression_looks_at_one_line_at_a_time(path: Path, pattern: str, lines: list[int]) -> None:
    assert line_numbers(path, pattern, regex=True) == lines


def test_a_regular_expression_can_ignore_case(path: Path) -> None:
    assert line_numbers(path, "a[l]pha", regex=True, ignore_case=True) == [1, 6]


@pytest.mark.parametrize("needle", ["(", "a**", "a{99999999999999999999}", "(?P<x"])
def test_what_is_no_regular_expression_is_one_sentence(path: Path, needle: str) -> None:
    with pytest.raises(ConditionError, match="is no regular expression"):
        search_file(path, needle, regex=True)


def test_there_is_nothing_to_find_in_nothing(path: Path) -> None:
    with pytest.raises(ConditionError, match="nothing to look for"):
        search_file(path, "")


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="does not exist"):
        found(tmp_path / "gone.jsonl", "x")


def test_the_first_hit_comes_before_the_file_is_read(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "large.jsonl", (b"x" * 1000 + b" needle" for _ in range(2000)))
    told: list[Progress] = []
    hits = search_file(path, "needle", on_progress=told.append)
    assert next(hits).line == 1
    assert told == []
    assert sum(1 for _ in hits) == 1999
    assert told[-1].done == path.stat().st_size


@pytest.mark.parametrize("regex", [False, True])
def test_a_search_can_be_left_at_any_moment(tmp_path: Path, regex: bool) -> None:  # noqa: FBT001
    path = write_lines(tmp_path / "some.jsonl", [b"needle"] * 10)
    hits = search_file(path, "needle", regex=regex)
    assert [next(hits).line, next(hits).line] == [1, 2]
    # An open file left behind would be a warning, and every warning is an error here.
    del hits


@pytest.mark.parametrize("width", [0, 5, 700, 5000])
@pytest.mark.parametrize("ignore_case", [False, True])
def test_line_numbers_are_right_over_many_blocks(tmp_path: Path, width: int, ignore_case: bool) -> None:  # noqa: FBT001
    count = 300_000 // (width + 8)
    lines = [b"y" * (width + number % 3) + (b"Needle" if number % 37 == 5 else b"") for number in range(count)]
    path = write_lines(tmp_path / "some.jsonl", lines)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    hits = found(path, "Needle", ignore_case=ignore_case)
    assert [hit.line for hit in hits] == [number + 1 for number in range(count) if number % 37 == 5]
    assert [hit.start for hit in hits] == [starts[hit.line - 1] for hit in hits]
    assert found(path, "Needle", ignore_case=ignore_case, regex=True) == hits


alphabet = 'ab"\\/é😀\n<'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.text(alphabet, max_size=8), st.booleans()), max_size=8),
    st.text(alphabet, min_size=1, max_size=3),
    st.booleans(),
)
def test_every_line_whose_text_has_the_needle_is_found(
    tmp_path: Path,
    texts: list[tuple[str, bool]],
    needle: str,
    final_newline: bool,  # noqa: FBT001
) -> None:
    path = tmp_path / "some.jsonl"
    lines = [json.dumps(text, ensure_ascii=is_ascii).encode() for text, is_ascii in texts]
    path.write_bytes(b"\n".join(lines) + (b"\n" if final_newline else b""))
    expected = {number for number, (text, _) in enumerate(texts, 1) if needle in text}
    # Raw bytes count too: the quotes around the text, and a backslash that escapes.
    assert expected <= set(line_numbers(path, needle))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text("aBc ", max_size=6), max_size=8), st.text("aBc", min_size=1, max_size=2), st.booleans())
def test_plain_words_are_found_like_one_by_one(
    tmp_path: Path,
    texts: list[str],
    needle: str,
    ignore_case: bool,  # noqa: FBT001
) -> None:
    path = write_lines(tmp_path / "some.jsonl", [text.encode() for text in texts])
    wanted, haystack = (needle.lower(), [text.lower() for text in texts]) if ignore_case else (needle, texts)
    naive = [(number, text.index(wanted) + 1) for number, text in enumerate(haystack, 1) if wanted in text]
    assert [(hit.line, hit.column) for hit in found(path, needle, ignore_case=ignore_case)] == naive


def test_a_line_beyond_what_is_kept_counts_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "BlockReader", partial(BlockReader, max_line=300_000))
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"needle\n" + b"x" * 10 + b"needle" + b"y" * 900_000 + b"\nz\nneedle")
    assert [(hit.line, hit.column) for hit in found(path, "needle")] == [(1, 1), (2, 11), (4, 1)]
    assert [(hit.line, hit.column) for hit in found(path, "z")] == [(3, 1)]
