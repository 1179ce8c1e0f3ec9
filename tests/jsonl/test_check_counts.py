from __future__ import annotations

import json
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from batch_tui.domain.problems import Code, Severity
from batch_tui.jsonl.checking import check
from batch_tui.jsonl.checking import log as check_log
from batch_tui.jsonl.checking.check import check_file
from batch_tui.jsonl.checking.ids import SeenIds
from tests.support.input_lines import lines, request, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "input.jsonl"


def test_a_thousand_problems_are_kept_and_all_are_counted(path: Path) -> None:
    report = check_file(write(path, [b"{"] * 2500))
    assert len(report.problems) == 1000
    assert report.errors == 2500
    assert report.counts == {Code.INVALID_JSON_LINE: 2500}


@pytest.mark.parametrize("bad", range(6))
def test_what_is_only_counted_is_counted_as_if_it_were_kept(path: Path, bad: int) -> None:
    def row(n: int) -> bytes:
        changed: dict[int, object] = {
            0: request(f"r-{n}", model="other"),
            1: request(f"r-{n % 7}"),
            2: request(f"r-{n}", model="o3", body={"model": "o3", "messages": [], "temperature": 0}),
            3: request(f"r-{n}", body={"model": "", "messages": []}),
            4: request(f"r-{n}", url="/v1/responses"),
            5: request(f"r-{n % 7}", model="other", text="\ud800"),
        }
        return json.dumps(changed[bad]).encode() if n % 3 else lines(n + 1)[-1]

    rows = [row(n) for n in range(40)]
    few = check_file(write(path, rows))
    before = check_file(write(path, [b"{"] * check_log.KEPT))
    many = check_file(write(path, [*rows[:1], *[b"{"] * check_log.KEPT, *rows[1:]]))
    assert many.counts == Counter(few.counts) + Counter(before.counts) - Counter({Code.EMPTY_FILE: 1})
    assert (many.errors, many.warnings) == (few.errors + check_log.KEPT, few.warnings)
    assert (many.text_bytes, many.requests) == (few.text_bytes, few.requests + check_log.KEPT)


def test_ids_beyond_what_is_remembered_are_no_error_and_that_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "SeenIds", partial(SeenIds, bound=5))
    rows = lines(9)
    report = check_file(write(path, [*rows, rows[-1]]))
    assert [(p.line, p.severity, p.code) for p in report.problems] == [
        (0, Severity.WARNING, Code.DUPLICATE_CUSTOM_ID)
    ]
