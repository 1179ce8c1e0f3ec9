"""``doctor``: what is wrong with the key, the address, the way there and the terminal, a sentence each."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import build_cockpit, run_async, settings_for
from batch_tui.domain.errors import ConfigurationError, ServiceError
from batch_tui.engine.settings import Settings

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    is_well: bool
    message: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of which profile."""
    parser.add_argument("--offline", action="store_true", help="don't call the service")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Look at everything; 1 when something is wrong."""
    findings = [*_local(args, os.environ)]
    if not args.offline and all(finding.is_well for finding in findings if finding.topic == "configuration"):
        findings.append(_service(args))
    for finding in findings:
        _show(finding, console)
    return Exit.CLEAN if all(finding.is_well for finding in findings) else Exit.FAILURES


def _local(args: argparse.Namespace, environ: Mapping[str, str]) -> Iterator[Finding]:
    yield _configuration(args)
    yield from _certificates(environ)
    yield from _proxies(environ)
    yield from _terminal(environ)


def _configuration(args: argparse.Namespace) -> Finding:
    try:
        settings = settings_for(args)
    except ConfigurationError as error:
        return Finding("configuration", is_well=False, message=str(error))
    notes = " ".join(settings.notes)
    where = f"profile {settings.profile.name} at {settings.profile.base_url}, key set."
    return Finding("configuration", is_well=True, message=f"{where} {notes}".rstrip())


def _certificates(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        value = environ.get(name)
        if value:
            exists = Path(value).exists()
            end = "." if exists else ", which does not exist: unset or mend it."
            yield Finding("certificates", is_well=exists, message=f"{name} names {value}{end}")


def _proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in _PROXIES:
        value = environ.get(name)
        if value:
            is_socks = value.lower().startswith("socks")
            message = f"{name} is set: requests go through it."
            if is_socks:
                message = f"{name} names a SOCKS proxy, which needs the package socksio: take an http proxy."
            yield Finding("proxy", is_well=not is_socks, message=message)


def _terminal(environ: Mapping[str, str]) -> Iterator[Finding]:
    term = environ.get("TERM", "")
    is_well = sys.stdout.isatty() and term not in {"", "dumb"}
    message = f"TERM={term}." if is_well else "No terminal here for the screen; the verbs work: batch-tui list."
    yield Finding("terminal", is_well=is_well or not sys.stdout.isatty(), message=message)
    encoding = (sys.stdout.encoding or "").lower()
    is_utf8 = encoding.replace("-", "") == "utf8"
    words = (
        "UTF-8."
        if is_utf8
        else f"The locale writes {encoding}: the screen draws in ASCII; set LANG=C.UTF-8 for more."
    )
    yield Finding("characters", is_well=True, message=words)
    if environ.get("TMUX"):
        yield Finding(
            "clipboard", is_well=True, message="tmux: y copies with load-buffer -w; set -s set-clipboard on."
        )


def _service(args: argparse.Namespace) -> Finding:
    settings = settings_for(args)
    found: list[Finding] = []

    async def look() -> int:
        found.append(await _ask_service(settings))
        return 0

    run_async(look)
    return found[0]


async def _ask_service(settings: Settings) -> Finding:
    cockpit = build_cockpit(settings)
    try:
        page = await cockpit.service.list_batches(limit=1)
    except (ServiceError, ConfigurationError) as error:
        return Finding("service", is_well=False, message=str(error))
    finally:
        await cockpit.aclose()
    return Finding(
        "service",
        is_well=True,
        message=f"{cockpit.service.host} answers, the key is good, {len(page.batches)} batch read.",
    )


def _show(finding: Finding, console: Console) -> None:
    if console.is_json:
        console.json({"topic": finding.topic, "ok": finding.is_well, "message": finding.message})
    else:
        console.data(f"{'ok ' if finding.is_well else '!! '} {finding.topic:<13} {finding.message}")
