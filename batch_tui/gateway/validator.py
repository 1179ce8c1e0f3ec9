"""Validation of an input file with the service's own codes and messages.

The rules are those of ``batch_tui.jsonl.checking.check``; here they get the words of the service. A small file is
checked in a thread, a big one in a process of its own (``python -m batch_tui.gateway.validator``), because
a thread that parses 200 MB keeps the interpreter's lock and no client would be served.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from batch_tui.domain.limits import Limits
from batch_tui.domain.problems import Code, Problem, Report, Severity
from batch_tui.gateway.records import ErrorEntry

CheckFile = Callable[[Path, Limits, str], Report]
"""Checks an input file against limits and the batch's endpoint; blocks."""

_SMALL = 4 * 1024 * 1024
_MESSAGES = {
    Code.INVALID_JSON_LINE: "This line is not parseable as valid JSON.",
    Code.DUPLICATE_CUSTOM_ID: (
        "The custom_id for this request is a duplicate of another request. "
        "The custom_id parameter must be unique for each request in a batch."
    ),
    Code.MISMATCHED_MODEL: (
        "This request's model does not match the model of the first request. "
        "All requests in a batch must have the same model."
    ),
    Code.INVALID_URL: "The URL provided for this request does not match the batch endpoint.",
    Code.INVALID_METHOD: "The HTTP method provided for this request is not supported by the Batch API.",
    Code.STREAMING_UNSUPPORTED: "Streaming is not supported by the Batch API.",
    Code.EMPTY_FILE: "The input file is empty. Please ensure that the batch contains at least one request.",
}
_PARAMS = {
    Code.DUPLICATE_CUSTOM_ID: "custom_id",
    Code.MISMATCHED_MODEL: "body.model",
    Code.INVALID_URL: "url",
    Code.INVALID_METHOD: "method",
    Code.STREAMING_UNSUPPORTED: "body.stream",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What validation found out."""

    requests: int
    model: str | None
    tokens: int
    errors: tuple[ErrorEntry, ...]


def check_with_jsonl(path: Path, limits: Limits, endpoint: str) -> Report:
    """Check a file with the program's own checker."""
    from batch_tui.jsonl.checking.check import check_file  # noqa: PLC0415 - the parsers cost memory a lister doesn't need

    return check_file(path, limits=limits, endpoint=endpoint)


async def find_faults(path: Path, limits: Limits, endpoint: str, check: CheckFile = check_with_jsonl) -> Findings:
    """Validate an input file without holding up the event loop.

    Args:
        path: The content of the input file.
        limits: What the service accepts.
        endpoint: The batch's endpoint, which every line must name.
        check: Who knows the rules; a big file goes to a process only for the program's own checker.
    """
    size = (await asyncio.to_thread(path.stat)).st_size
    if size > limits.max_bytes:
        too_large = f"Input file is larger than the {limits.max_bytes} maximum for the Batch API."
        return Findings(0, None, 0, (ErrorEntry(Code.FILE_TOO_LARGE, too_large),))
    if size > _SMALL and check is check_with_jsonl:
        return await _check_in_process(path, limits, endpoint)
    return _findings(await asyncio.to_thread(check, path, limits, endpoint), limits)


def findings_now(path: Path, limits: Limits, endpoint: str) -> Findings:
    """Validate an input file with the program's own checker; blocks."""
    return _findings(check_with_jsonl(path, limits, endpoint), limits)


def _findings(report: Report, limits: Limits) -> Findings:
    problems = [problem for problem in report.problems if problem.severity is Severity.ERROR]
    errors = tuple(_entry(problem, limits) for problem in problems)
    return Findings(report.requests, report.model, report.tokens_estimate, errors)


def _entry(problem: Problem, limits: Limits) -> ErrorEntry:
    param = problem.param or _PARAMS.get(problem.code)
    line = problem.line or None
    if problem.code is Code.MISSING_PARAMETER and param:
        return ErrorEntry(problem.code, f"Missing required parameter: '{param}'.", param, line)
    if problem.code is Code.TOO_MANY_REQUESTS:
        message = f"The batch input file has too many requests: at most {limits.max_requests} are allowed."
        return ErrorEntry(problem.code, message, None, None)
    return ErrorEntry(problem.code, _MESSAGES.get(problem.code, problem.message), param, line)


async def _check_in_process(path: Path, limits: Limits, endpoint: str) -> Findings:
    arguments = [str(path), msgspec.json.encode(limits).decode(), endpoint]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "batch_tui.gateway.validator",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise OSError(f"The check of the input file ended with {process.returncode}.")
    return msgspec.json.decode(output, type=Findings)


def main(arguments: list[str]) -> int:
    """Validate one file and print the findings as JSON."""
    path, limits, endpoint = arguments
    findings = findings_now(Path(path), msgspec.json.decode(limits, type=Limits), endpoint)
    sys.stdout.buffer.write(msgspec.json.encode(findings))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
