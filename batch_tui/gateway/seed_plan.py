"""Which batches the demo's account has."""

from __future__ import annotations

from dataclasses import dataclass

from batch_tui.gateway.seed_lines import NO_TROUBLE, Trouble

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
EMBEDDINGS, MODERATIONS = "/v1/embeddings", "/v1/moderations"
_MINI, _LARGE, _SMALL_VECTORS = "gpt-4o-mini", "gpt-4.1", "text-embedding-3-small"


@dataclass(frozen=True, slots=True)
class Plan:
    """One batch of the demo."""

    name: str
    endpoint: str
    model: str
    requests: int
    hours: float
    """How long ago it was created."""
    status: str = "completed"
    minutes: float = 20.0
    """From creation to the end."""
    share: float = 1.0
    """Part of the requests that have run."""
    trouble: Trouble = NO_TROUBLE
    delay_s: float | None = None
    """Seconds echo takes for each request on average; None for the usual time."""
    parent: str | None = None
    """Name of the batch whose failed requests it sends again."""
    refusal: str | None = None
    """Why validation refused it: ``lines`` for what stands in the file, ``queue`` for a full queue."""


PLANS: tuple[Plan, ...] = (
    Plan("support-triage-friday", CHAT, _MINI, 240, 47.5, minutes=31, trouble=Trouble(6, 3)),
    Plan("review-sentiment-w46", CHAT, _MINI, 400, 46.2, minutes=44),
    Plan("faq-embeddings", EMBEDDINGS, _SMALL_VECTORS, 300, 44.0, minutes=9),
    Plan("comment-moderation", MODERATIONS, "omni-moderation-latest", 180, 41.8, minutes=6),
    Plan("shop-texts-nordic", RESPONSES, _LARGE, 320, 39.5, "expired", share=0.7, minutes=1440),
    Plan("invoice-extraction-nov", CHAT, _MINI, 150, 36.1, minutes=17, trouble=Trouble(0, 2)),
    Plan("lead-scoring-emea", CHAT, _MINI, 220, 33.4, minutes=22),
    Plan("alt-texts-backfill", RESPONSES, _LARGE, 260, 30.9, "expired", share=0.35, minutes=1440),
    Plan("eval-prompt-v3", CHAT, _LARGE, 60, 27.7, minutes=12, trouble=Trouble(0, 60)),
    Plan("ticket-labels-raw", CHAT, _MINI, 24, 25.2, "failed", minutes=1, refusal="lines"),
    Plan("ticket-labels", CHAT, _MINI, 180, 25.0, minutes=19),
    Plan("shop-texts-de", RESPONSES, _LARGE, 280, 22.6, minutes=52, trouble=Trouble(4, 0)),
    Plan("shop-texts-fr", RESPONSES, _LARGE, 280, 22.5, "cancelled", share=0.3, minutes=14),
    Plan("catalog-embeddings-a", EMBEDDINGS, _SMALL_VECTORS, 500, 19.3, minutes=15),
    Plan("contract-clauses", CHAT, _LARGE, 120, 16.8, minutes=38, trouble=Trouble(1, 1)),
    Plan("support-triage-sunday", CHAT, _MINI, 240, 12.4, minutes=29, trouble=Trouble(5, 2)),
    Plan("catalog-embeddings-b", EMBEDDINGS, _SMALL_VECTORS, 400, 9.1, "failed", minutes=2, refusal="queue"),
    Plan("shop-texts-de-retry", RESPONSES, _LARGE, 4, 7.0, minutes=4, parent="shop-texts-de"),
    Plan("eval-prompt-v4", CHAT, _LARGE, 60, 5.6, minutes=11),
    Plan("catalog-full", EMBEDDINGS, _SMALL_VECTORS, 50_000, 1.3, "in_progress", share=0.094, delay_s=8.0),
    Plan("review-summaries", RESPONSES, _LARGE, 900, 0.9, "in_progress", share=0.62, trouble=Trouble(9, 6)),
    Plan("support-triage-monday", CHAT, _MINI, 240, 0.2, "in_progress", share=0.25, trouble=Trouble(5, 3)),
    Plan("old-prompt-rerun", CHAT, _MINI, 300, 0.15, "cancelling", share=0.4),
    Plan("lead-scoring-apac", CHAT, _MINI, 160, 0.1, "finalizing", trouble=Trouble(2, 1)),
    Plan("translation-memory", CHAT, _MINI, 350, 0.0, "validating", share=0.0),
)
"""Oldest first, the age in hours before the demo starts."""
