"""What a user can do, one module each: they speak to the engine and to the docked line, never to a pane."""
