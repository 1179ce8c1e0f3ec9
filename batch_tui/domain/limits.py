"""What a service accepts; OpenAI's numbers are the default, a profile sets others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one service (defaults: the OpenAI batch guide and reference, 2026)."""

    max_requests: int = 50_000
    """Request lines in one input file (Azure: 100,000)."""
    max_bytes: int = 209_715_200
    """Bytes of one input file, 200 MiB (Groq: 100 MB)."""
    max_embedding_inputs: int = 50_000
    """Embedding inputs summed over one file."""
    max_line_bytes: int = 20 * 1024 * 1024
    """Longest line that is worth sending; ours, to keep memory flat."""
    max_metadata_pairs: int = 16
    max_metadata_key: int = 64
    max_metadata_value: int = 512
    min_expires_after: int = 3_600
    """Seconds; the shortest time that an output file may be asked to be kept."""
    max_expires_after: int = 2_592_000
    """Seconds; the longest one."""
    creations_per_hour: int = 2_000
    enqueued_tokens: int | None = None
    """Queued input tokens per model, learned from a refusal or set in the profile; None when unknown."""
    allows_mixed_models: bool = False


OPENAI_LIMITS = Limits()


def expiry_problem(seconds: int | None, limits: Limits = OPENAI_LIMITS) -> str | None:
    """One sentence when the service would refuse to keep an output file for so long, else None."""
    shortest, longest = limits.min_expires_after, limits.max_expires_after
    if seconds is None or shortest <= seconds <= longest:
        return None
    return f"An output file is kept for {shortest:,} to {longest:,} s; {seconds:,} s is outside of that."


def metadata_problem(metadata: dict[str, str], limits: Limits = OPENAI_LIMITS) -> str | None:
    """One sentence when the service would refuse this metadata, else None."""
    if len(metadata) > limits.max_metadata_pairs:
        return f"Metadata has {len(metadata)} pairs; the service takes {limits.max_metadata_pairs}."
    for key, value in metadata.items():
        if not key or len(key) > limits.max_metadata_key:
            return f"Metadata key {key[:20]!r} must have 1 to {limits.max_metadata_key} characters."
        if len(value) > limits.max_metadata_value:
            return f"Metadata value of {key!r} is longer than {limits.max_metadata_value} characters."
    return None
