"""The four panes: Files, Batches, Inspect, Results. None knows another; values come down, messages go up."""
