"""What is taken up again after the first picture: events, submits in doubt, cancellations not confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.formatting import plural
from batch_tui.engine.cockpit import Cockpit
from batch_tui.ui.controllers.loading import load_the_rest
from batch_tui.ui.desk import Desk

if TYPE_CHECKING:
    from batch_tui.engine.cancel import CancelOutcome


async def take_up(cockpit: Cockpit, desk: Desk) -> None:
    """Finish what an earlier run left open, say what needs the user's word, and send what waits in the queue."""
    await load_the_rest()
    from batch_tui.ui.controllers.queue_feed import QueueFeed  # noqa: PLC0415 - not at the start

    await cockpit.events.load()
    await _finish(cockpit, desk)
    QueueFeed(desk).begin()


async def _finish(cockpit: Cockpit, desk: Desk) -> None:
    try:
        taken = await cockpit.submitter.recover(
            resume=not cockpit.settings.profile.read_only, on_step=desk.on_submit
        )
    except BatchTuiError as error:
        desk.warn(str(error))
        return
    from batch_tui.engine.submitting.submission import Phase  # noqa: PLC0415 - not at the start

    found = [submission for submission in taken if submission.phase is Phase.SUBMITTED]
    open_ones = [submission for submission in taken if submission.phase is Phase.UNKNOWN]
    if found:
        desk.say(f"{plural(len(found), 'submit')} of an earlier run went through.")
    if open_ones:
        desk.warn(f"{plural(len(open_ones), 'submit')} may have gone through: {open_ones[0].message}")


async def confirm_cancels(cockpit: Cockpit, desk: Desk) -> None:
    """Go on with cancellations that an earlier run could not confirm."""
    await load_the_rest()
    try:
        async for outcome in cockpit.canceller.recover():
            _tell(desk, outcome)
    except BatchTuiError as error:
        desk.warn(str(error))


def _tell(desk: Desk, outcome: CancelOutcome) -> None:
    desk.note(outcome.batch_id, None if outcome.is_final else "cancel sent, not confirmed")
    if outcome.message:
        desk.say(outcome.message)
