from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROWS = 8_000
PEAK = """
import resource, sys
from pathlib import Path
from batch_tui.jsonl.checking.check import check_file
from batch_tui.jsonl.index import LineIndex
from batch_tui.jsonl.rewriting.split import split_file
from batch_tui.jsonl.rewriting.wrap import wrap_file
path = Path(sys.argv[2])
work = {
    "check": lambda: check_file(path),
    "index": lambda: LineIndex.build(path),
    "split": lambda: split_file(path, path.parent, max_requests=3000),
    "wrap": lambda: wrap_file(path, path.with_suffix(".new")),
}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
work[sys.argv[1]]()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def write(path: Path, *, is_bare: bool) -> None:
    body = json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": "größer " * 500}]}, ensure_ascii=False
    )
    row = '{"custom_id": "%d", "method": "POST", "url": "/v1/chat/completions", "body": %s}\n'
    with path.open("w", encoding="utf-8") as out:
        out.writelines(body + "\n" if is_bare else row % (n, body) for n in range(ROWS))


@pytest.mark.parametrize("work", ["check", "index", "split", "wrap"])
def test_memory_stays_flat_beside_a_large_file(tmp_path: Path, work: str) -> None:
    path = tmp_path / "large.jsonl"
    write(path, is_bare=work == "wrap")
    assert path.stat().st_size > 30_000_000
    done = subprocess.run([sys.executable, "-c", PEAK, work, str(path)], check=True, stdout=subprocess.PIPE)
    assert int(done.stdout) < 20
