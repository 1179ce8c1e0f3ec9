"""Local JSON Lines files of any size: index, check, wrap, split, join, retry set. Never the network."""
