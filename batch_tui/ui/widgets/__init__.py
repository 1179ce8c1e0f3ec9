"""Widgets drawn line by line: each sends only the lines that changed, none repaints on hover or by a timer."""
