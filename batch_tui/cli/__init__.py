"""The command line: the composition root, and the headless twin of every action."""
