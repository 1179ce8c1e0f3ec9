from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.peak_memory import peak_memory

ROWS = 8_000
IMPORTS = """
from batch_tui.jsonl.checking.check import check_file
from batch_tui.jsonl.index import LineIndex
from batch_tui.jsonl.rewriting.split import split_file
from batch_tui.jsonl.rewriting.wrap import wrap_file
path = Path(sys.argv[1])
"""
WORK = {
    "check": "check_file(path)",
    "index": "LineIndex.build(path)",
    "split": "split_file(path, path.parent, max_requests=3000)",
    "wrap": "wrap_file(path, path.with_suffix('.new'))",
}


def write(path: Path, *, is_bare: bool) -> None:
    body = json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": "größer " * 500}]}, ensure_ascii=False
    )
    row = '{"custom_id": "%d", "method": "POST", "url": "/v1/chat/completions", "body": %s}\n'
    with path.open("w", encoding="utf-8") as out:
        out.writelines(body + "\n" if is_bare else row % (n, body) for n in range(ROWS))


@pytest.mark.parametrize("work", list(WORK))
def test_memory_stays_flat_beside_a_large_file(tmp_path: Path, work: str) -> None:
    path = tmp_path / "large.jsonl"
    write(path, is_bare=work == "wrap")
    assert path.stat().st_size > 30_000_000
    assert peak_memory(IMPORTS, WORK[work], str(path)).grown < 20_000_000


@pytest.mark.parametrize(("count", "tail"), [(150_000, "-" * 60), (110_000, "\N{ROCKET}" * 200)])
def test_a_check_stays_below_40_mb_however_many_and_long_the_ids(tmp_path: Path, count: int, tail: str) -> None:
    path = tmp_path / "ids.jsonl"
    row = '{"custom_id":"%d%s","method":"POST","url":"/v1/embeddings","body":{"model":"m","input":"x"}}\n'
    numbers = [*range(60_000), 7, *range(60_000, count)]
    with path.open("w", encoding="utf-8") as out:
        out.writelines(row % (n, tail) for n in numbers)
    checked = "assert [p for p in check_file(path).problems if p.line == 60_001 and 'line 8' in p.message]"
    assert peak_memory(IMPORTS, checked, str(path)).after < 40_000_000


def test_a_line_too_long_to_be_kept_stands_in_memory_once(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    row = '{"custom_id":"%s","method":"POST","url":"/v1/embeddings","body":{"model":"m","input":"%s"}}\n'
    path.write_text(row % ("a", "x") + row % ("b", "x" * 68_000_000) + row % ("a", "x"), encoding="utf-8")
    # A repeat is looked at once more, in a second reading.
    checked = "assert [p.cure for p in check_file(path).problems if p.line == 3] == ['drop_duplicates']"
    assert peak_memory(IMPORTS, checked, str(path)).after < 60_000_000
