"""What is known of the services that speak the Batch API: presets that a profile starts from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from batch_tui.domain.limits import OPENAI_LIMITS, Limits

OPENAI_URL = "https://api.openai.com/v1"


class Provider(Struct, frozen=True):
    """One service's address and limits."""

    base_url: str | None
    """None when each customer has an address of their own, or none is known."""
    limits: Limits = OPENAI_LIMITS
    url_example: str = "https://HOST/v1"
    """For the message that asks for an address."""


PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {
        "openai": Provider(OPENAI_URL),
        "azure": Provider(
            None,
            Limits(max_requests=100_000),  # Azure's quota page, 2026
            "https://RESOURCE.openai.azure.com/openai/v1",
        ),
        "groq": Provider("https://api.groq.com/openai/v1", Limits(max_bytes=100_000_000)),
        "dashscope": Provider("https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
        "other": Provider(None),
    },
)
"""By the word a profile uses in ``provider``."""
