"""The screen. The only importer of textual and rich."""
