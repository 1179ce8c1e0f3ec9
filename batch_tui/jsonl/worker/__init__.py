"""The process beside the screen: what it is asked, what it does, and the asynchronous interface to it."""
