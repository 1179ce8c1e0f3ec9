from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from batch_tui.domain.batch import NAME_KEY, PARENT_KEY
from batch_tui.domain.limits import OPENAI_LIMITS
from batch_tui.gateway.seed import seed_demo, write_examples
from batch_tui.gateway.seed_plan import PLANS
from batch_tui.gateway.validator import findings_now
from tests.support.gateway import ManualTime, in_process_gateway

NOW = 1_700_000_000.0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo")
    seed_demo(root / "data", root / "work", now=NOW)
    return root


async def test_the_demo_shows_a_batch_in_every_state_newest_first(demo: Path) -> None:
    async with in_process_gateway(demo / "data", speed=1, clock=ManualTime(NOW).clock) as gateway:
        page = await gateway.client().batches.list(limit=100)
    states = Counter(batch.status for batch in page.data)
    assert set(states) == {
        "validating",
        "in_progress",
        "finalizing",
        "completed",
        "failed",
        "expired",
        "cancelling",
        "cancelled",
    }
    assert len(page.data) == len(PLANS)
    created = [batch.created_at for batch in page.data]
    assert created == sorted(created, reverse=True)
    names = {batch.id: (batch.metadata or {}).get(NAME_KEY) for batch in page.data}
    assert len(set(names.values())) == len(PLANS)
    assert any((batch.metadata or {}).get(PARENT_KEY) in names for batch in page.data)


async def test_every_file_of_the_demo_agrees_with_its_batch(demo: Path) -> None:
    async with in_process_gateway(demo / "data", speed=1, clock=ManualTime(NOW).clock) as gateway:
        client = gateway.client()
        for batch in (await client.batches.list(limit=100)).data:
            source = await client.files.content(batch.input_file_id)
            if batch.status not in {"completed", "expired", "cancelled"}:
                continue
            asked = {json.loads(line)["custom_id"] for line in source.content.splitlines()}
            answered: list[str] = []
            for file_id in filter(None, (batch.output_file_id, batch.error_file_id)):
                content = (await client.files.content(file_id)).content
                assert (await client.files.retrieve(file_id)).bytes == len(content)
                answered += [json.loads(line)["custom_id"] for line in content.splitlines()]
            assert sorted(answered) == sorted(asked)
            assert batch.request_counts is not None
            assert batch.request_counts.total == len(asked)


async def test_running_batches_of_the_demo_go_on(demo: Path) -> None:
    running = [plan.name for plan in PLANS if plan.status in {"in_progress", "validating", "finalizing"}]
    time = ManualTime(NOW)
    async with in_process_gateway(demo / "data", speed=1, clock=time.clock) as gateway:
        client = gateway.client()
        named = {(b.metadata or {}).get(NAME_KEY, ""): b.id for b in (await client.batches.list(limit=100)).data}
        before = {name: gateway.account.batch(named[name]) for name in running}
        for _ in range(4):
            await time.sleepers(24)
            time.advance(10)
        for name in running:
            old = before[name]
            await gateway.until(named[name], lambda now, old=old: now != old)  # type: ignore[misc]


def test_the_same_moment_gives_the_same_account(tmp_path: Path) -> None:
    made: list[dict[Path, bytes]] = []
    for name in ("one", "two"):
        root = tmp_path / name
        seed_demo(root / "data", root / "work", now=NOW)
        made.append({path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()})
    assert len(made[0]) > len(PLANS)
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("name", "requests", "errors"),
    [
        ("support-tickets.jsonl", 200, 0),
        ("shop-texts-5000.jsonl", 5_000, 0),
        ("faq-embeddings.jsonl", 600, 0),
        ("broken-lines.jsonl", 24, 7),
    ],
)
def test_the_local_examples_are_what_they_are_for(tmp_path: Path, name: str, requests: int, errors: int) -> None:
    write_examples(tmp_path)
    line = (tmp_path / name).read_bytes().split(b"\n", 1)[0]
    findings = findings_now(tmp_path / name, OPENAI_LIMITS, json.loads(line)["url"])
    assert (findings.requests, len(findings.errors)) == (requests, errors)


def test_of_the_example_with_failures_seven_pass_on_a_second_try_and_five_never(tmp_path: Path) -> None:
    write_examples(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "support-tickets.jsonl").read_bytes().splitlines()]
    wishes = [line["body"]["echo"] for line in lines if "echo" in line["body"]]
    assert Counter(wish.get("times") for wish in wishes) == {1: 7, None: 5}
