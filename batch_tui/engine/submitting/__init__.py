"""Exactly one batch for each submit: intents on disk, upload, the one paid call, what a crash left behind."""
