from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.errors import InputFileError, OutputFileError
from batch_tui.domain.problems import Cure
from batch_tui.jsonl.checking.check import check_file
from batch_tui.jsonl.rewriting.cures import cure_file
from batch_tui.jsonl.rewriting.split import split_file
from batch_tui.jsonl.rewriting.wrap import wrap_file

BODY = b'{"model": "gpt-4o-mini",  "messages":[{"role":"user","content":"caf\\u00e9 \xe2\x82\xac"}], "seed": 1.50}'
LINE = (
    b'{"custom_id": "%b", "method": "POST", "url": "/v1/chat/completions", "body": '
    + BODY.replace(b"%", b"")
    + b"}"
)


def line(custom_id: str) -> bytes:
    return LINE.replace(b"%b", custom_id.encode())


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "input.jsonl"


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "new.jsonl"


def test_wrapped_bodies_stay_as_they_are_to_the_byte(source: Path, destination: Path) -> None:
    source.write_bytes(b"\xef\xbb\xbf" + BODY + b"\r\n\n  " + BODY + b" \n" + BODY)
    wrapped = wrap_file(source, destination)
    assert (wrapped.requests, wrapped.endpoint, wrapped.skipped) == (3, "/v1/chat/completions", 1)
    rows = destination.read_bytes().split(b"\n")
    assert rows == [
        *(
            b'{"custom_id":"request-%d","method":"POST","url":"/v1/chat/completions","body":%b}' % (n, BODY)
            for n in (1, 2, 3)
        ),
        b"",
    ]
    assert check_file(destination).problems == ()


def test_the_endpoint_and_the_prefix_may_be_named(source: Path, destination: Path) -> None:
    source.write_bytes(b'{"model":"m","input":"x"}\n')
    wrap_file(source, destination, endpoint="/v1/responses?a=%d", id_prefix='my "id" 5%d ')
    row = json.loads(destination.read_bytes())
    assert (row["custom_id"], row["url"]) == ('my "id" 5%d 1', "/v1/responses?a=%d")


_PIECES = [BODY, BODY, b" " + BODY + b" ", BODY + b"\r", b"", b" \t"]


@given(pieces=st.lists(st.sampled_from(_PIECES), min_size=1, max_size=20), repeats=st.sampled_from([1, 400]))
def test_many_blocks_of_any_white_space_are_wrapped(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], repeats: int
) -> None:
    folder = tmp_path_factory.mktemp("wrap")
    rows = [*pieces * repeats, BODY]
    (folder / "input.jsonl").write_bytes(b"\n".join(rows))
    wrapped = wrap_file(folder / "input.jsonl", folder / "new.jsonl")
    bodies = [row.strip() for row in rows if row.strip()]
    assert (wrapped.requests, wrapped.skipped) == (len(bodies), len(rows) - len(bodies))
    made = (folder / "new.jsonl").read_bytes()
    head = b'{"custom_id":"request-%d","method":"POST","url":"/v1/chat/completions","body":%b}\n'
    assert made == b"".join(head % (n, body) for n, body in enumerate(bodies, start=1))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (BODY + b"\n{\n", "Line 2"),
        (BODY + b"\n" + line("a"), "Line 2 .* request line already"),
        (BODY[:-2] + b"\xff\xff", "Line 1"),
        (b'{"model": "m"}\n', "endpoint"),
        (b"\n\n", "no body"),
        (b"[1]\n", "Line 1"),
        (BODY + b"\n" + BODY + BODY + b"\n" + BODY, "Line 2"),
        (BODY + b"\n" + BODY + BODY + b'\n{"model":"m",\n"input":"x"}\n', "Line 2"),
        (BODY + b"\n" + BODY[:-1] + b', "x": {}\n}\n' + BODY + BODY, "Line 2"),
        (BODY * 4000, "Line 1"),
    ],
)
def test_what_can_not_be_wrapped_leaves_nothing(
    source: Path, destination: Path, content: bytes, reason: str
) -> None:
    source.write_bytes(content)
    with pytest.raises(InputFileError, match=reason):
        wrap_file(source, destination)
    assert names(source.parent) == [source.name]


@given(
    rows=st.lists(st.binary(max_size=40).map(lambda row: row.replace(b"\n", b" ")), min_size=1, max_size=40),
    has_last_newline=st.booleans(),
    max_requests=st.integers(1, 10),
    max_bytes=st.integers(42, 200),
)
def test_the_parts_put_together_are_the_file_to_the_byte(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[bytes],
    has_last_newline: bool,  # noqa: FBT001
    max_requests: int,
    max_bytes: int,
) -> None:
    folder = tmp_path_factory.mktemp("split")
    content = b"\n".join(rows) + (b"\n" if has_last_newline else b"")
    (folder / "f.jsonl").write_bytes(content)
    if not content:
        with pytest.raises(InputFileError, match="empty"):
            split_file(folder / "f.jsonl", folder)
        return
    parts = split_file(folder / "f.jsonl", folder, max_requests=max_requests, max_bytes=max_bytes)
    texts = [part.path.read_bytes() for part in parts]
    assert b"".join(texts) == content
    for part, text in zip(parts, texts, strict=True):
        assert part.bytes == len(text) <= max_bytes
        assert part.requests == len(text.removesuffix(b"\n").split(b"\n"))
        assert part.requests <= max_requests
    assert sum(part.requests for part in parts) == len(content.removesuffix(b"\n").split(b"\n"))


@pytest.mark.parametrize("blanks", [0, 600])
def test_a_split_over_many_blocks_gives_back_the_file(source: Path, tmp_path: Path, blanks: int) -> None:
    source.write_bytes(b"".join(line(f"r-{n}") + b" " * blanks + b"\n" for n in range(10_000)))
    parts = split_file(source, tmp_path, max_requests=3_333, max_bytes=10**9)
    assert [part.requests for part in parts] == [3_333, 3_333, 3_333, 1]
    assert [part.path.name for part in parts] == [f"input.part-00{n}.jsonl" for n in (1, 2, 3, 4)]
    assert b"".join(part.path.read_bytes() for part in parts) == source.read_bytes()


def test_tokens_bound_the_parts(source: Path, tmp_path: Path) -> None:
    source.write_bytes(b"x" * 99 + b"\n" + b"y" * 99 + b"\n")
    assert len(split_file(source, tmp_path, max_tokens=25)) == 2


def test_a_line_that_no_part_can_hold_leaves_nothing(source: Path, tmp_path: Path) -> None:
    source.write_bytes(b"short\nshort\n" + b"x" * 100 + b"\n")
    with pytest.raises(InputFileError, match="Line 3"):
        split_file(source, tmp_path, max_requests=1, max_bytes=50)
    assert names(tmp_path) == [source.name]


def test_a_part_that_exists_stays_and_the_others_vanish(source: Path, tmp_path: Path) -> None:
    source.write_bytes(b"a\nb\nc\n")
    (tmp_path / "input.part-002.jsonl").write_bytes(b"old")
    with pytest.raises(OutputFileError, match="exists already"):
        split_file(source, tmp_path, max_requests=1)
    assert names(tmp_path) == ["input.jsonl", "input.part-002.jsonl"]
    assert (tmp_path / "input.part-002.jsonl").read_bytes() == b"old"


def test_mark_blank_lines_and_repetitions_go_and_the_rest_stays(source: Path, destination: Path) -> None:
    source.write_bytes(b"\xef\xbb\xbf" + b"\n".join([line("a"), b"", line("b"), b" ", line("a"), b"not json"]))
    cures = frozenset({Cure.STRIP_BOM, Cure.DROP_BLANK_LINES, Cure.DROP_DUPLICATES})
    assert cure_file(source, destination, cures) == 4
    assert destination.read_bytes() == b"\n".join([line("a"), line("b"), b"not json"])


def test_missing_ids_are_added_without_repeating_one(source: Path, destination: Path) -> None:
    rows = [
        line("request-2"),
        line("").replace(b'"custom_id": "", ', b""),
        line(""),
        line("7").replace(b'"7"', b"7"),
    ]
    source.write_bytes(b"\n".join(rows) + b"\n")
    assert cure_file(source, destination, frozenset({Cure.ADD_CUSTOM_IDS})) == 3
    new = destination.read_bytes().split(b"\n")
    assert new[0] == rows[0]
    assert [json.loads(row)["custom_id"] for row in new[:-1]] == ["request-2", "request-2x", "request-3", "7"]
    assert all(BODY in row for row in new[:-1])
    assert check_file(destination).problems == ()


def test_the_params_shape_becomes_a_request(source: Path, destination: Path) -> None:
    source.write_bytes(b'{"custom_id": "a", "params": %b}\r\n' % BODY)
    cure_file(source, destination, frozenset({Cure.UNWRAP_PARAMS}))
    assert destination.read_bytes() == (
        b'{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":%b}\r\n' % BODY
    )


def test_bare_bodies_among_requests_are_wrapped(source: Path, destination: Path) -> None:
    source.write_bytes(b"\n".join([line("request-2"), BODY, line("z")]) + b"\n")
    assert cure_file(source, destination, frozenset({Cure.WRAP})) == 1
    report = check_file(destination)
    assert report.problems == ()
    assert report.requests == 3


def test_the_cures_of_a_report_mend_the_file(source: Path, destination: Path) -> None:
    rows = [line("a"), b"", line("a"), BODY, line("").replace(b'"custom_id": "", ', b"")]
    source.write_bytes(b"\xef\xbb\xbf" + b"\n".join(rows) + b"\n")
    cures = frozenset(p.cure for p in check_file(source).problems if p.cure is not None)
    assert cures == {
        Cure.STRIP_BOM,
        Cure.DROP_BLANK_LINES,
        Cure.DROP_DUPLICATES,
        Cure.WRAP,
        Cure.ADD_CUSTOM_IDS,
    }
    cure_file(source, destination, cures)
    assert check_file(destination).problems == ()


def test_a_cure_never_writes_over_a_file(source: Path) -> None:
    source.write_bytes(b"\n" + line("a"))
    with pytest.raises(OutputFileError):
        cure_file(source, source, frozenset({Cure.DROP_BLANK_LINES}))
    assert source.read_bytes() == b"\n" + line("a")
