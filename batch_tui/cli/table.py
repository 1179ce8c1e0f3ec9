"""The verbs: one table that the parser, the help and the README read. Loads no verb's module."""

from __future__ import annotations

from msgspec import Struct


class Verb(Struct, frozen=True):
    """One verb of the command line."""

    name: str
    help: str
    """What it does, in one line."""

    @property
    def module(self) -> str:
        """The module that holds ``add_arguments`` and ``run``; loaded only when the verb is used."""
        return f"batch_tui.cli.verbs.{self.name}_"


VERBS: tuple[Verb, ...] = (
    Verb("demo", "the screen on the embedded gateway with a made-up account: no key, no network"),
    Verb("gateway", "the embedded Batch API server; prints its base URL first"),
    Verb("check", "validate input files, every defect by line and column"),
    Verb("wrap", "turn bare request bodies into batch request lines"),
    Verb("split", "cut a file into parts under the limits"),
    Verb("submit", "check, upload and create; prints the batch ids"),
    Verb("list", "the batches, newest first"),
    Verb("show", "one batch in full, or a group with its parts"),
    Verb("watch", "live lines until the batches ended"),
    Verb("wait", "wait for the end; the exit code tells the outcome"),
    Verb("cancel", "stop batches; returns when the service confirms each"),
    Verb("download", "fetch output and error files, whole or not at all; of a group, those of its parts as one"),
    Verb("results", "what came back, joined by custom_id in input order"),
    Verb("retry", "the requests worth sending again, as a file or sent"),
    Verb("merge", "one final output over a batch and its retries, in input order, newest success wins"),
    Verb("cost", "what a file will cost, what batches have cost, added up, and what it would have been without"),
    Verb("queue", "what waits for room at the service, and why; submit --queue sends it"),
    Verb("groups", "split files, each as one: its parts, what of it waits, and its retries"),
    Verb("compare", "two batches by custom_id: changed outcomes, tokens, answers"),
    Verb("files", "list, upload, delete and clean up remote files"),
    Verb("doctor", "what is wrong with key, address, proxy, certificates and terminal, a sentence each"),
    Verb("info", "version, paths and profile"),
    Verb("completion", "a completion script for bash, zsh or fish"),
)
