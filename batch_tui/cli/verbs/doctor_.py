"""``doctor``: what is wrong with the key, the address, the way there and the terminal, a sentence each."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Mapping

from batch_tui.api.connection import Connection, problem, proxy_host, proxy_variable
from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import build_cockpit, connection_of, run_async, settings_for
from batch_tui.cli.terminal_check import Finding, terminal_findings
from batch_tui.domain.errors import ConfigurationError, ServiceError
from batch_tui.domain.formatting import plural
from batch_tui.domain.text import printable
from batch_tui.engine.configuration.config import DEFAULT_NOTIFY
from batch_tui.engine.configuration.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of which profile."""
    parser.add_argument("--offline", action="store_true", help="don't call the service")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Look at everything; 1 when something is wrong."""
    findings = list(_local(args, os.environ))
    is_ready = all(finding.is_well for finding in findings if finding.topic in {"configuration", "connection"})
    if not args.offline and is_ready:
        findings.append(_service(settings_for(args)))
    for finding in findings:
        _show(finding, console)
    return Exit.CLEAN if all(finding.is_well for finding in findings) else Exit.FAILURES


def _local(args: argparse.Namespace, environ: Mapping[str, str]) -> Iterator[Finding]:
    notify = DEFAULT_NOTIFY
    from batch_tui.ui.settings_check import check_settings  # noqa: PLC0415 - only the doctor loads Textual for it

    try:
        settings = settings_for(args)
        check_settings(settings)
    except ConfigurationError as error:
        yield Finding("configuration", is_well=False, message=str(error))
    else:
        notify = settings.notify
        yield from _configuration(settings)
        yield from _connection(connection_of(settings.profile), environ)
    size = shutil.get_terminal_size()
    yield from terminal_findings(
        environ,
        is_input_tty=sys.stdin.isatty(),
        is_output_tty=sys.stderr.isatty(),  # where the screen is drawn
        size=(size.columns, size.lines),
        notify=notify.how,
    )


def _configuration(settings: Settings) -> Iterator[Finding]:
    path = settings.paths.config
    where = f"{path} is read." if path.exists() else f"{path} does not exist, which is fine: all has a default."
    yield Finding("configuration", is_well=True, message=" ".join((where, *settings.notes)))
    profile = settings.profile
    key = (
        f"a key of {len(profile.api_key)} characters from {profile.key_source}"
        if profile.key_source
        else "no key is set; a server on this machine may need none"
    )
    yield Finding("key", is_well=True, message=f"Profile {printable(profile.name, 60)}: {key}.")


def _connection(connection: Connection, environ: Mapping[str, str]) -> Iterator[Finding]:
    """The address, the way there and whom to trust: what can be told without a call."""
    wrong = problem(connection, environ)
    if wrong is not None:
        yield Finding("connection", is_well=False, message=wrong)
        return
    yield Finding("connection", is_well=True, message=f"{connection.url} is an address the key may go to.")
    proxy = proxy_variable(connection, environ)
    way = f"{proxy[0]}: requests go through {proxy_host(proxy[1])}." if proxy else "No proxy for this host."
    yield Finding("proxy", is_well=True, message=way)
    named = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(name)), None)
    trusted = (
        f"{named} names {printable(environ[named], 120)}."
        if named
        else "The certificates that come with Python's certifi."
    )
    yield Finding("certificates", is_well=True, message=trusted)


def _service(settings: Settings) -> Finding:
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
        message=f"{cockpit.service.host} answers, the key is good, {plural(len(page.batches), 'batch')} read.",
    )


def _show(finding: Finding, console: Console) -> None:
    if console.is_json:
        console.json({"topic": finding.topic, "ok": finding.is_well, "message": finding.message})
    else:
        console.data(f"{'ok ' if finding.is_well else '!! '} {finding.topic:<13} {finding.message}")
