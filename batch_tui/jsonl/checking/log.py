"""The problems of one file as they are found: the first thousand kept, all counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from batch_tui.domain.problems import Code, Cure, Problem, Severity
from batch_tui.domain.rules import Finding

KEPT = 1_000
"""Problems kept in a report."""


class ProblemLog:
    """Collects findings with their lines."""

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self._counts: Counter[str] = Counter()
        self.errors = 0
        """Findings the service would refuse the file for."""
        self.warnings = 0
        """The others."""

    @property
    def number(self) -> int:
        """All findings."""
        return self.errors + self.warnings

    @property
    def is_full(self) -> bool:
        """True when further findings about lines are only counted."""
        return len(self._kept) >= KEPT

    def count(self, code: Code, number: int) -> None:
        """Count findings about lines, all of them errors, when no more are kept."""
        if number:
            self._counts[code.value] += number
            self.errors += number

    def add(self, line: int, finding: Finding) -> None:
        """Note one finding about a 1-based line; 0 for the file as a whole."""
        self._counts[finding.code.value] += 1
        if finding.severity is Severity.ERROR:
            self.errors += 1
        else:
            self.warnings += 1
        # What is about the file as a whole comes last and must not be lost behind a thousand lines.
        if not self.is_full or line == 0:
            self._kept.append(_problem(line, finding))

    def offer_dropping(self, lines: frozenset[int]) -> None:
        """Offer to drop these lines: each repeats an earlier one to the byte."""
        self._kept = [
            replace(p, cure=Cure.DROP_DUPLICATES) if p.line in lines and p.code is Code.DUPLICATE_CUSTOM_ID else p
            for p in self._kept
        ]

    def problems(self) -> tuple[Problem, ...]:
        """What was kept, in line order, the file's own first."""
        return tuple(sorted(self._kept, key=lambda p: p.line)[:KEPT])

    def counts(self) -> Mapping[str, int]:
        """All findings, by code."""
        return MappingProxyType(dict(self._counts))


def _problem(line: int, finding: Finding) -> Problem:
    return Problem(
        line,
        finding.column,
        finding.code,
        finding.message,
        finding.hint,
        finding.severity,
        finding.param,
        finding.cure,
    )
