"""New files out of old ones, to the byte: wrap, mend, split, put together, edit."""
