"""Files over the limits: their parts, the queue they wait in, and the group they stay."""
