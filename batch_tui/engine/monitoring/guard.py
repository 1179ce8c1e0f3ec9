"""The runaway guard: who broke which rule, told once, and the countdown before it acts.

It decides and keeps time; whoever drives it (the screen, ``watch --guard``) shows, notifies and cancels::

    for raised in guard.review(store.batches(), now, pace=history.pace, cost=estimate): ...
    for batch_id in guard.take_due(now): ...cancel it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from batch_tui.domain.batch import Batch
from batch_tui.domain.guard import Alarm, Expected, GuardRules, Rule, alarms
from batch_tui.domain.pace import Pace
from batch_tui.engine.monitoring.spared import Spared

PaceOf = Callable[[Batch, float], Pace]
CostOf = Callable[[Batch], Expected | None]


class Raised(Struct, frozen=True):
    """An alarm that was not there before."""

    batch_id: str
    alarm: Alarm


class Countdown(Struct, frozen=True):
    """A batch that will be cancelled unless somebody stops it."""

    batch_id: str
    alarm: Alarm
    """The rule it breaks, with the numbers of the last refresh."""
    deadline: float
    """Unix seconds."""


def cost_unknown(_: Batch) -> None:
    """What a batch costs, where nobody asks."""


class Guard:
    """The alarms of one profile's batches.

    Args:
        rules: The thresholds, and which of them act.
        spared: The batches it was told to leave alone; None: none so far, and none for the next run.
    """

    def __init__(self, rules: GuardRules, spared: Spared | None = None) -> None:
        self.rules = rules
        self._alarms: dict[str, tuple[Alarm, ...]] = {}
        self._told: set[tuple[str, Rule]] = set()
        self._countdowns: dict[str, Countdown] = {}
        self._acted: set[str] = set()
        self._spared = spared if spared is not None else Spared()

    @property
    def alarmed(self) -> frozenset[str]:
        """Ids of the batches that break a rule now: to be marked, and sorted to the top."""
        return frozenset(self._alarms)

    @property
    def countdowns(self) -> tuple[Countdown, ...]:
        """Cancels to come, the next one first."""
        return tuple(sorted(self._countdowns.values(), key=lambda countdown: countdown.deadline))

    def alarms(self, batch_id: str) -> tuple[Alarm, ...]:
        """The rules a batch breaks now, gravest first, with today's numbers."""
        return self._alarms.get(batch_id, ())

    def review(
        self,
        batches: Iterable[Batch],
        now: float,
        *,
        pace: PaceOf,
        cost: CostOf = cost_unknown,
    ) -> tuple[Raised, ...]:
        """Judge batches after a refresh.

        A batch that no longer breaks a rule loses its alarm and its countdown.

        Args:
            batches: All of them, or those that changed; others keep their alarms.
            now: Unix seconds by the server's clock.
            pace: How a batch moves.
            cost: What it will cost, None when unknown.

        Returns:
            Alarms of rules each batch breaks for the first time.
        """
        raised: list[Raised] = []
        for batch in batches:
            if batch.is_terminal:
                self._clear(batch.id)
                self._spared.discard(batch.id)
                continue
            rules = self.rules.of(batch)
            found = alarms(batch, pace(batch, now), now, rules=rules, cost=cost(batch))
            raised.extend(Raised(batch.id, alarm) for alarm in found if (batch.id, alarm.rule) not in self._told)
            self._told.update((batch.id, alarm.rule) for alarm in found)
            self._keep(batch.id, found, now, rules)
        return tuple(raised)

    def spare(self, batch_id: str | None = None) -> bool:
        """Stop the countdown of a batch, or all of them: no guard acts on those batches again.

        Returns:
            False when that could not be written down, and holds for this run only.
        """
        is_kept = True
        for spared in [batch_id] if batch_id is not None else list(self._countdowns):
            self._countdowns.pop(spared, None)
            is_kept &= self._spared.add(spared)
        return is_kept

    def is_spared(self, batch_id: str) -> bool:
        """Whether it was told to leave a batch alone, be it in another run."""
        return batch_id in self._spared

    def take_due(self, now: float) -> tuple[Countdown, ...]:
        """Countdowns that ran out, each given once: these batches are to be cancelled.

        One that was stopped in another run meanwhile is not among them.
        """
        due = tuple(countdown for countdown in self.countdowns if countdown.deadline <= now)
        for countdown in due:
            self._acted.add(countdown.batch_id)
            self._countdowns.pop(countdown.batch_id, None)
        return tuple(countdown for countdown in due if countdown.batch_id not in self._spared)

    def _keep(self, batch_id: str, found: tuple[Alarm, ...], now: float, rules: GuardRules) -> None:
        if not found:
            self._clear(batch_id)
            return
        self._alarms[batch_id] = found
        acting = next((alarm for alarm in found if alarm.rule in rules.cancel_on), None)
        if acting is None:
            self._countdowns.pop(batch_id, None)
        elif batch_id in self._countdowns:
            self._countdowns[batch_id] = replace(self._countdowns[batch_id], alarm=acting)
        elif batch_id not in self._acted and batch_id not in self._spared:
            self._countdowns[batch_id] = Countdown(batch_id, acting, now + rules.countdown_seconds)

    def _clear(self, batch_id: str) -> None:
        self._alarms.pop(batch_id, None)
        self._countdowns.pop(batch_id, None)
