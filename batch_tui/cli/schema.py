"""What ``--json`` prints, verb by verb: the end of each verb's help."""

from __future__ import annotations

from collections.abc import Mapping

_BATCH = (
    "the batch under the API's own field names, and derived {name, unfinished, rate_per_minute, eta_s, "
    "still_for_s, stalled, cost_usd, intent}"
)
_SENT = (
    f"a line for each batch: {_BATCH}; for a file of which none is known {{id, path, intent, state, message}}, "
    "id null, state failed or unknown"
)
_USAGE = "usage {input_tokens, cached_tokens, output_tokens, reasoning_tokens}"
_COST = "cost_usd, synchronous_usd"
_OUTCOME = "custom_id, outcome, status_code, code, message"
_BILL = f"by_model [{{model, service_tier, requests, usage, {_COST}}}]"
_FILE = "id, object, filename, bytes, purpose, created_at, expires_at"

SCHEMAS: Mapping[str, str] = {
    "check": "a line for each problem {file, line, column, code, severity, message, hint}, then {file, requests, "
    "bytes, endpoint, model, tokens, tokens_exact, cost {low, likely, high}, problems, counts, valid}; each of "
    f"the three is {{{_COST}}}",
    "wrap": "{path, requests, endpoint}",
    "split": "a line for each part {path, requests, bytes}",
    "submit": _SENT,
    "list": f"a line for each batch: {_BATCH}",
    "show": f"{_BATCH}; a group as groups prints it",
    "watch": f"a line for each change: {_BATCH}; {{alarm}} for a rule of the guard that is broken",
    "wait": f"a line for each change: {_BATCH}",
    "cancel": "a line for each batch {id, state, status, message}; state is confirmed, nothing_to_do, refused or "
    "unconfirmed",
    "download": "a line for each batch or group {id, output, errors}; with --merge {id, merged}",
    "results": f"a line for each request {{{_OUTCOME}, finish_reason, {_USAGE}, {_COST}}}; with --summary "
    "{requests, succeeded, failed, not_run, missing, foreign, duplicate, unreadable, truncated, usage, causes "
    "[{outcome, status_code, code, message, meaning, count, can_pass, second_try, examples}], validation [{line, "
    f"custom_id, code, message, param, meaning, can_pass, second_try}}], cost {{{_COST}, {_BILL}}}}}",
    "retry": f"{{id, path, requests, changed, others}}; with --submit {_SENT}",
    "merge": f"a line for each request that never succeeded {{{_OUTCOME}}}, then {{path, requests, succeeded}}",
    "cost": "of a file {file, requests, input_tokens, low, likely, high, by_model [{model, requests, "
    "input_tokens, is_exact, output_tokens_at_most, requests_without_limit}]}, each of the three "
    f"{{{_COST}}}; of a batch {{id, status, {_COST}, {_BILL}}}, while it runs about_usd and projected_usd; of a "
    f"group {{id, status, key, batches, requests, {_USAGE}, {_COST}, unknown}}; with --by a line for each key "
    f"{{by, key, batches, requests, usage, {_COST}, unknown}}, the last by total; unknown counts batches with "
    "a cost nobody knows",
    "compare": "with --show a line for each request {custom_id, change, first, second}, both sides {outcome, "
    "status_code, code, input_tokens, output_tokens}; then {same, answer, outcome, only_first, only_second, "
    "gained, lost, first_tokens, second_tokens, first_cost, second_cost}, "
    f"a cost {{{_COST}, {_BILL}}} with {_USAGE}",
    "queue": "a line for each entry {id, name, path, stage, reason, requests, tokens, model, endpoint, metadata, "
    "created_at, not_before, refusals, batch_id}; with --drop of those taken out",
    "groups": "a line for each group {id, name, status, request_counts {total, completed, failed}, parts [{part, "
    "batch_id, status, queue_id, reason}], missing, retries}",
    "files": f"a line for each file {{{_FILE}}}; of clean also deleted; of delete {{id, deleted}}",
    "doctor": "a line for each finding {topic, ok, message}",
    "info": "{version, python, profile, base_url, config, state, cache}",
}
"""Dollars are text, for a number would lose digits; null is unknown, which is not nothing."""


def json_help(verb: str) -> str | None:
    """The last paragraph of a verb's help; None for one without ``--json``."""
    schema = SCHEMAS.get(verb)
    return None if schema is None else f"--json prints one object a line: {schema}."
