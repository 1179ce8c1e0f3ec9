"""The commands: what the user can do, under which key, and when. Pure but for the bindings."""
