from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from batch_tui.domain.errors import InputFileError
from batch_tui.domain.files import Progress
from batch_tui.domain.limits import Limits
from batch_tui.domain.problems import Code, Cure, Severity
from batch_tui.jsonl.checking import block as check_block
from batch_tui.jsonl.checking.check import check_file
from tests.support.input_lines import CHAT, lines, request, write
from tests.support.result_files import answer_line, failure_line, not_run_line


def planted(raw: bytes) -> bytes:
    return json.dumps(request("planted", text="@")).encode().replace(b"@", raw)


def number(raw: bytes) -> bytes:
    return json.dumps(request("planted", text="x")).encode().replace(b'"model"', b'"seed": %b, "model"' % raw)


@pytest.fixture(params=["at the file's start", "further on"])
def path(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for an input file; every rule must hold where keys are compared and where they aren't."""
    if request.param == "further on":
        monkeypatch.setattr(check_block, "COMPARED_BYTES", 0)
    return tmp_path / "input.jsonl"


def test_a_good_file_is_valid_and_counted(path: Path) -> None:
    write(path, lines(300))
    report = check_file(path)
    assert report.is_valid
    assert report.warnings == 0
    assert (report.requests, report.endpoint, report.model) == (300, CHAT, "gpt-4o-mini")
    assert report.bytes == path.stat().st_size
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report.text_bytes == sum(len(json.dumps(json.loads(row)["body"])) for row in lines(300))


@pytest.mark.parametrize(
    ("bad", "code", "param"),
    [
        (planted(b"x")[:40], Code.INVALID_JSON_LINE, None),
        (planted(b"caf\xe9"), Code.INVALID_JSON_LINE, None),
        (planted(b"\xc0\xaf"), Code.INVALID_JSON_LINE, None),
        (planted(b"\xed\xa0\x80"), Code.INVALID_JSON_LINE, None),
        (planted(b"a\tb"), Code.INVALID_JSON_LINE, None),
        (planted(b"\0"), Code.INVALID_JSON_LINE, None),
        (planted(b"\r"), Code.INVALID_JSON_LINE, None),
        (planted(b"\\x41"), Code.INVALID_JSON_LINE, None),
        (planted(b"\\u12G4"), Code.INVALID_JSON_LINE, None),
        (number(b"NaN"), Code.INVALID_JSON_LINE, None),
        (number(b"-Infinity"), Code.INVALID_JSON_LINE, None),
        (number(b"007"), Code.INVALID_JSON_LINE, None),
        (number(b"1."), Code.INVALID_JSON_LINE, None),
        (number(b".5"), Code.INVALID_JSON_LINE, None),
        (number(b"+1"), Code.INVALID_JSON_LINE, None),
        (number(b"tru"), Code.INVALID_JSON_LINE, None),
        (number(b"[" * 5000 + b"]" * 5000), Code.INVALID_JSON_LINE, None),
        (planted(b"x") + b" garbage", Code.INVALID_JSON_LINE, None),
        (planted(b"x") * 2, Code.INVALID_JSON_LINE, None),
        (planted(b"x")[:-1] + b",}", Code.INVALID_JSON_LINE, None),
        (b"\0" * 512, Code.INVALID_JSON_LINE, None),
        (b"{", Code.INVALID_JSON_LINE, None),
        (repr(request()).encode(), Code.INVALID_JSON_LINE, None),
        (b"", Code.INVALID_JSON_LINE, None),
        (b"  ", Code.INVALID_JSON_LINE, None),
        (b"[" + planted(b"x") + b"]", Code.INVALID_REQUEST, None),
        (b"7", Code.INVALID_REQUEST, None),
        (json.dumps(request(extra=1)).encode(), Code.INVALID_REQUEST, "extra"),
        (json.dumps(request(custom_id=None)).encode(), Code.MISSING_PARAMETER, "custom_id"),  # type: ignore[arg-type]
        (json.dumps(request(custom_id=7)).encode(), Code.INVALID_REQUEST, "custom_id"),  # type: ignore[arg-type]
        (json.dumps(request("")).encode(), Code.INVALID_REQUEST, "custom_id"),
        (json.dumps(request("r-3")).encode(), Code.DUPLICATE_CUSTOM_ID, "custom_id"),
        (json.dumps(request(method=None)).encode(), Code.MISSING_PARAMETER, "method"),
        (json.dumps(request(method="GET")).encode(), Code.INVALID_METHOD, "method"),
        (json.dumps(request(url=None)).encode(), Code.MISSING_PARAMETER, "url"),
        (json.dumps(request(url=5)).encode(), Code.INVALID_URL, "url"),
        (json.dumps(request(url="/v1/responses")).encode(), Code.INVALID_URL, "url"),
        (json.dumps(request(body=None)).encode(), Code.MISSING_PARAMETER, "body"),
        (json.dumps(request(body="{}")).encode(), Code.INVALID_REQUEST, "body"),
        (json.dumps(request(body=[])).encode(), Code.INVALID_REQUEST, "body"),
        (json.dumps(request(body={"messages": []})).encode(), Code.MISSING_PARAMETER, "body.model"),
        (json.dumps(request(body={"model": 4, "messages": []})).encode(), Code.INVALID_REQUEST, "body.model"),
        (json.dumps(request(body={"model": "", "messages": []})).encode(), Code.MODEL_NOT_FOUND, "body.model"),
        (json.dumps(request(model="gpt-4o")).encode(), Code.MISMATCHED_MODEL, "body.model"),
        (
            json.dumps(request(body={"model": "gpt-4o-mini", "messages": [], "stream": True})).encode(),
            Code.STREAMING_UNSUPPORTED,
            "body.stream",
        ),
    ],
)
@pytest.mark.parametrize("at", [0, 150])
def test_one_bad_line_among_many_is_told_where_it_stands(
    path: Path,
    bad: bytes,
    code: Code,
    param: str | None,
    at: int,
) -> None:
    rows = lines(300)
    rows.insert(10 if at == 0 else at, bad)
    report = check_file(write(path, rows))
    assert not report.is_valid
    problems = [p for p in report.problems if p.severity is Severity.ERROR]
    assert [(p.line, p.code, p.param) for p in problems] == [((10 if at == 0 else at) + 1, code, param)]
    assert problems[0].hint


@pytest.mark.parametrize(
    "good",
    [
        planted("\u2028\u0085\u2029".encode()),
        number(b"123456789012345678901234567890"),
        b"  \t" + planted(b"x") + b"  ",
        planted(b"x") + b"\r",
        json.dumps(request("planted"), indent=1).replace("\n", " ").encode(),
        json.dumps(dict(reversed(list(request("planted").items())))).encode(),
        json.dumps(request('quote " and \\ in the id')).encode(),
        json.dumps(request("planted", body={"model": "gpt-4o-mini", "messages": [], "stream": False})).encode(),
    ],
)
def test_a_legal_oddity_is_accepted(path: Path, good: bytes) -> None:
    rows = lines(300)
    rows.insert(200, good)
    report = check_file(write(path, rows))
    assert report.problems == ()
    assert report.requests == 301


def test_windows_line_ends_and_a_missing_last_newline_are_accepted(path: Path) -> None:
    write(path, lines(300), end=b"\r\n")
    assert check_file(path).problems == ()
    path.write_bytes(b"\n".join(lines(300)))
    report = check_file(path)
    assert report.problems == ()
    assert report.requests == 300


@pytest.mark.parametrize("raw", [b'\\ud800", "x": 1, "x": "y', b'z", "x": 1, "x": "\\udc00'])
def test_a_repeated_key_is_told_beside_half_a_surrogate(path: Path, raw: bytes) -> None:
    report = check_file(write(path, [*lines(9), planted(raw)]))
    assert [(p.line, p.severity, "twice" in p.message) for p in report.problems] == [
        (10, Severity.WARNING, True),
        (10, Severity.WARNING, False),
    ]


@pytest.mark.parametrize(
    "extra",
    [b'"custom_id": "again", ', b'"body": {}, ', b'"method": "POST", '],
)
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_repeated_key_is_a_warning_on_its_line(path: Path, extra: bytes, place: str) -> None:
    rows = lines(300)
    row = planted(b"x")
    rows.insert(100, row[:1] + extra + row[1:] if place == "first" else row[:-1] + b", " + extra[:-2] + b"}")
    report = check_file(write(path, rows))
    assert [(p.line, p.severity) for p in report.problems if "twice" in p.message] == [(101, Severity.WARNING)]


@pytest.mark.parametrize("bad", [number(b'1, "seed": 2'), number(b'{"a": 1, "a": 2}')])
def test_a_key_repeated_within_a_body_is_told_near_the_files_start(tmp_path: Path, bad: bytes) -> None:
    rows = lines(300)
    rows.insert(200, bad)
    report = check_file(write(tmp_path / "input.jsonl", rows))
    assert [(p.line, p.severity) for p in report.problems] == [(201, Severity.WARNING)]


@pytest.mark.parametrize(
    "custom_id",
    [
        b"caf\xc3\xa9",
        b"caf\\u00e9",
        b"docs\\/a",
        b"\\ud83d\\ude80",
        b'x\\", \\"method\\": \\"POST',
        b"\xf0\x9f\x9a\x80",
    ],
)
def test_an_id_may_be_written_with_escapes_or_beyond_ascii(path: Path, custom_id: bytes) -> None:
    rows = [row.replace(b'"r-', b'"%b-' % custom_id) for row in lines(100)]
    report = check_file(write(path, [*lines(100), *rows]))
    assert report.problems == ()
    bodies = [len(json.dumps(json.loads(row)["body"])) for row in lines(100)]
    assert report.text_bytes == 2 * sum(bodies)


@pytest.mark.parametrize("first", [b"y", b"r-999", b"a-much-longer-id-than-the-second"])
def test_a_second_id_does_not_hide_behind_the_first(path: Path, first: bytes) -> None:
    rows = lines(300)
    rows.insert(200, planted(b"x").replace(b'"planted"', b'"%b", "custom_id": "r-999"' % first))
    report = check_file(write(path, rows))
    assert [(p.line, p.severity) for p in report.problems] == [(201, Severity.WARNING)]


@pytest.mark.parametrize("tail", [b"", b"\r"])
def test_what_is_wrong_on_one_line_is_not_made_good_by_another(path: Path, tail: bytes) -> None:
    rows = [row + tail for row in lines(300)]
    first, second = planted(b"x"), planted(b"y").replace(b'"planted"', b'"other"')
    whole = planted(b"z").replace(b'"planted"', b'"third"')
    cut = whole.index(b'"messages"')
    # Two requests on one line, then one request on two: as many requests as lines.
    rows[100:100] = [first + second + tail, whole[:cut] + tail, whole[cut:] + tail]
    # One that ends in the braces of the next, which begins as a good line does.
    rows[200:200] = [planted(b"v").replace(b'"planted"', b'"fourth"')[:-4] + b', {"x": {}}', rows[0] + b"]}}"]
    report = check_file(write(path, rows))
    assert sorted({p.line for p in report.problems}) == [101, 102, 103, 201, 202]
    assert report.requests == 305


def test_both_lines_of_a_repeated_id_are_named(path: Path) -> None:
    rows = lines(20)
    rows.append(json.dumps(request("r-4", text="another")).encode())
    (problem,) = check_file(write(path, rows)).problems
    assert (problem.line, problem.column, problem.code) == (21, 2, Code.DUPLICATE_CUSTOM_ID)
    assert problem.cure is None
    assert "line 5" in problem.message


def test_an_exact_repetition_may_be_dropped(path: Path) -> None:
    rows = lines(20)
    rows.append(rows[4])
    (problem,) = check_file(write(path, rows)).problems
    assert (problem.line, problem.cure) == (21, Cure.DROP_DUPLICATES)


def test_a_repetition_behind_a_line_too_long_to_be_kept_may_be_dropped(path: Path) -> None:
    rows = [*lines(600), json.dumps(request("long", text="x" * 68_000_000)).encode(), *lines(3)]
    report = check_file(write(path, rows))
    dropped = [p.line for p in report.problems if p.cure is Cure.DROP_DUPLICATES]
    assert dropped == [602, 603, 604]
    assert [p.line for p in report.problems] == [601, 602, 603, 604]


def test_a_byte_order_mark_is_told_and_the_rest_is_checked(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join([*lines(5), b"{"]))
    first, last = check_file(path).problems
    assert (first.line, first.column, first.cure) == (1, 1, Cure.STRIP_BOM)
    assert last.line == 6


def test_utf16_is_one_clear_sentence(path: Path) -> None:
    path.write_bytes(b"\n".join(lines(5)).decode().encode("utf-16"))
    (problem,) = check_file(path).problems
    assert "UTF-16" in problem.message
    assert problem.line == 1


@pytest.mark.parametrize("content", [b"", b"\n", b"\n \n"])
def test_a_file_without_requests_is_empty(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    report = check_file(path)
    assert report.requests == 0
    assert report.counts[Code.EMPTY_FILE] == 1


def test_bare_bodies_want_wrapping(path: Path) -> None:
    rows = [json.dumps(json.loads(row)["body"]).encode() for row in lines(50)]
    report = check_file(write(path, rows))
    assert report.wants_wrapping
    assert report.counts == {Code.MISSING_PARAMETER: 50}
    assert {p.cure for p in report.problems} == {Cure.WRAP}


def test_a_report_can_always_be_written_down(path: Path) -> None:
    report = check_file(write(path, [json.dumps(request(model="\ud800", url="/v1/\udfff")).encode()]))
    assert f"{report.model} {report.endpoint}".encode() == "\ufffd /v1/\ufffd".encode()


def test_a_result_is_one_mistake_and_a_file_of_them_is_known(path: Path) -> None:
    results = [answer_line("a"), failure_line("b"), not_run_line("c")]
    report = check_file(write(path, results))
    assert [(problem.line, problem.message) for problem in report.problems] == [
        (number, "This line is a result of a batch, not a request.") for number in (1, 2, 3)
    ]
    assert report.holds_results
    mixed = check_file(write(path, [*results, json.dumps(request("d")).encode()]))
    assert mixed.errors == 3
    assert not mixed.holds_results


def test_the_params_shape_is_known(path: Path) -> None:
    report = check_file(write(path, [json.dumps({"custom_id": "a", "params": {"model": "m"}}).encode()]))
    assert [p.cure for p in report.problems] == [Cure.UNWRAP_PARAMS]


def test_limits_are_the_profiles(path: Path) -> None:
    limits = Limits(max_requests=3, max_bytes=100)
    rows = lines(5)
    rows.insert(1, b"")
    problems = check_file(write(path, rows), limits=limits).problems
    assert [(p.line, p.code) for p in problems] == [
        (0, Code.FILE_TOO_LARGE),
        (2, Code.INVALID_JSON_LINE),
        (5, Code.TOO_MANY_REQUESTS),
    ]


def test_models_may_be_mixed_where_the_service_takes_it(path: Path) -> None:
    rows = [json.dumps(request(f"r-{n}", model=f"m-{n % 2}")).encode() for n in range(10)]
    rows += [b" " + json.dumps(request("spaced", model="m-1")).encode()]
    write(path, rows)
    assert check_file(path).counts == {Code.MISMATCHED_MODEL: 6}
    assert check_file(path, limits=Limits(allows_mixed_models=True)).problems == ()


def test_the_batchs_endpoint_is_held_against_every_line(path: Path) -> None:
    report = check_file(write(path, lines(7)), endpoint="/v1/responses")
    assert report.counts[Code.INVALID_URL] == 7
    assert report.endpoint == CHAT


def test_an_endpoint_without_its_version_is_the_same_endpoint(path: Path) -> None:
    rows = [row.replace(b"/v1/chat", b"/chat") for row in lines(7)]
    assert check_file(write(path, rows), endpoint=CHAT).problems == ()


def test_an_unknown_endpoint_is_told_once(path: Path) -> None:
    rows = [row.replace(CHAT.encode(), b"/v1/nowhere") for row in lines(7)]
    (problem,) = check_file(write(path, rows)).problems
    assert (problem.line, problem.code) == (1, Code.INVALID_URL)


@pytest.mark.parametrize(
    ("model", "parameters", "params"),
    [
        ("gpt-5-mini", {"max_tokens": 5}, ["body.max_tokens"]),
        ("o3", {"temperature": 0.2, "top_p": 1}, ["body.temperature"]),
        ("gpt-5", {"temperature": 1.0, "max_completion_tokens": 5}, []),
        ("gpt-5-chat-latest", {"temperature": 0.2}, []),
        ("gpt-4o-mini", {"temperature": 0.2, "max_tokens": 5}, []),
    ],
)
def test_parameters_a_family_refuses_are_warnings(
    path: Path,
    model: str,
    parameters: dict[str, object],
    params: list[str],
) -> None:
    rows = [json.dumps(request(f"r-{n}", model=model)).encode() for n in range(5)]
    body = {"model": model, "messages": [], **parameters}
    rows.append(json.dumps(request("last", body=body)).encode())
    report = check_file(write(path, rows))
    assert report.is_valid
    assert [(p.line, p.param) for p in report.problems] == [(6, param) for param in params]


def test_embedding_inputs_are_summed_and_limited(path: Path) -> None:
    inputs: list[object] = ["one", ["a", "b"], [1, 2, 3], [[1, 2], [3]], ["x"] * 10]
    rows = [
        json.dumps(request(f"r-{n}", url="/v1/embeddings", body={"model": "m", "input": value})).encode()
        for n, value in enumerate(inputs * 2)
    ]
    write(path, rows)
    assert check_file(path).embedding_inputs == 2 * (1 + 2 + 1 + 2 + 10)
    report = check_file(path, limits=Limits(max_embedding_inputs=20))
    assert [(p.line, p.code) for p in report.problems] == [(9, Code.TOO_MANY_REQUESTS)]


def test_a_line_longer_than_the_limit_is_told_without_being_kept(path: Path) -> None:
    rows = lines(3)
    rows.insert(1, planted(b"long " * 200_000))
    write(path, rows)
    report = check_file(path, limits=Limits(max_line_bytes=500_000))
    assert [(p.line, p.code) for p in report.problems] == [(2, Code.INVALID_REQUEST)]
    assert report.requests == 4
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_large_line_is_a_warning(path: Path) -> None:
    report = check_file(write(path, [*lines(3), planted(b"long " * 3_000_000)]))
    assert [(p.line, p.severity) for p in report.problems] == [(4, Severity.WARNING)]


def test_progress_ends_at_the_whole_file(path: Path) -> None:
    heard: list[Progress] = []
    write(path, lines(100))
    check_file(path, on_progress=heard.append)
    assert heard[-1] == Progress(path.stat().st_size, path.stat().st_size)


def test_an_id_of_any_length_is_compared(path: Path) -> None:
    rows = [json.dumps(request("x" * 5000 + str(n % 3))).encode() for n in range(4)]
    (problem,) = check_file(write(path, rows)).problems
    assert problem.line == 4


def test_what_is_no_readable_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    import os  # noqa: PLC0415

    os.mkfifo(tmp_path / "pipe")
    for name, word in [("missing", "does not exist"), (".", "directory"), ("pipe", "regular file")]:
        with pytest.raises(InputFileError, match=word):
            check_file(tmp_path / name)
