"""The composition root: settings, the service behind its port, and the engine around it."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from batch_tui.api.connection import Connection
from batch_tui.api.lazy import LazyService
from batch_tui.cli.console import Console
from batch_tui.cli.money import usd
from batch_tui.domain.batch import INTENT_KEY, Batch
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.guard import Rule, alarms
from batch_tui.domain.normalise import batch_to_wire
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.configuration.settings import Flags, Profile, Settings, load_settings
from batch_tui.engine.money.costs import cost_so_far


def flags_of(args: argparse.Namespace) -> Flags:
    """The flags that choose and change a profile."""
    return Flags(
        profile=getattr(args, "profile", None),
        base_url=getattr(args, "base_url", None),
        is_read_only=bool(getattr(args, "read_only", False)),
        is_ascii=bool(getattr(args, "ascii", False)),
        no_mouse=bool(getattr(args, "no_mouse", False)),
        insecure_http=bool(getattr(args, "insecure_http", False)),
    )


def build_cockpit(settings: Settings, *, ask_key: Callable[[], str] | None = None) -> Cockpit:
    """The engine of one profile; the SDK is loaded at its first call.

    Args:
        settings: The profile and its places.
        ask_key: Asks for the key anew, for a program that stays open longer than a key may live.
    """
    return Cockpit(settings, LazyService(connection_of(settings.profile), ask_key=ask_key))


def key_of_today(args: argparse.Namespace, settings: Settings) -> str:
    """The key that the profile's source gives now. May block.

    Raises:
        ConfigurationError: There is none, or the configuration names another server by now: a key is not sent
            to a server it wasn't meant for.
    """
    fresh = settings_for(args).profile
    if (fresh.name, fresh.base_url) != (settings.profile.name, settings.profile.base_url):
        raise ConfigurationError(f"The configuration names {fresh.base_url} by now: start again to go there.")
    return fresh.api_key


def connection_of(profile: Profile) -> Connection:
    """Where a profile's service is, and with which key."""
    return Connection(
        base_url=profile.base_url,
        api_key=profile.api_key,
        organization=profile.organization,
        project=profile.project,
        insecure_http=profile.insecure_http,
    )


def settings_for(
    args: argparse.Namespace, *, environ: Mapping[str, str] | None = None, needs_key: bool = True
) -> Settings:
    """Settings by flag, environment and configuration file."""
    return load_settings(environ if environ is not None else os.environ, flags_of(args), needs_key=needs_key)


@asynccontextmanager
async def open_cockpit(args: argparse.Namespace, console: Console) -> AsyncGenerator[Cockpit]:
    """The engine for a headless verb, closed at its end.

    What the settings have to say goes to stderr, and at the end every paid call whose outcome isn't known, of
    this run and of earlier ones.
    """
    settings = settings_for(args)
    for note in settings.notes:
        console.say(note)
    cockpit = build_cockpit(settings)
    try:
        await cockpit.journal.ensure_loaded()
        yield cockpit
    finally:
        cockpit.begin_close()
        for sentence in cockpit.unconfirmed():
            console.say(sentence)
        await cockpit.aclose()


def require_writable(cockpit: Cockpit, what: str) -> None:
    """Stop before anything is begun that a read-only profile leaves out.

    Args:
        cockpit: The engine.
        what: What is not done, as ``nothing is deleted``.

    Raises:
        ConfigurationError: The profile is read-only.
    """
    if cockpit.settings.profile.read_only:
        raise ConfigurationError(f"This profile is read-only: {what}.")


def run_async(work: Callable[[], Awaitable[int]]) -> int:
    """Run a verb on an event loop; an interrupt or a termination ends it in order, with its exit code."""
    return asyncio.run(_guarded(work))


async def _guarded(work: Callable[[], Awaitable[int]]) -> int:
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(work())
    caught: list[int] = []

    def stop(number: int) -> None:
        caught.append(number)
        running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop, number)
    try:
        return await running
    except asyncio.CancelledError:
        if not caught:
            raise
        return 128 + caught[0]


def record(cockpit: Cockpit, batch: Batch, now: float) -> dict[str, object]:
    """A batch as ``--json`` prints it: the API's own fields, and what this program derives under ``derived``."""
    cockpit.history.record(batch, now)
    pace, cost = cockpit.history.pace(batch, now), cost_so_far(batch, cockpit.prices)
    broken = alarms(batch, pace, now, rules=cockpit.settings.guard)
    derived: dict[str, object] = {
        "name": batch.name,
        "unfinished": batch.counts.unfinished,
        "rate_per_minute": pace.per_minute,
        "eta_s": pace.eta_seconds,
        "still_for_s": pace.still_for,
        "stalled": any(alarm.rule is Rule.STALLED for alarm in broken),
        "cost_usd": None if cost is None else usd(cost.batch),
        "intent": batch.metadata.get(INTENT_KEY),
    }
    return {**batch_to_wire(batch), "derived": derived}


async def fetch_all(cockpit: Cockpit, ids: Iterable[str]) -> list[Batch]:
    """The batches with these ids, in this order."""
    return [await cockpit.service.retrieve_batch(batch_id) for batch_id in ids]
