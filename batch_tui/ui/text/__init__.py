"""Text with a meaning, not yet drawn: cells, signs, bars, answers, money. Pure."""
