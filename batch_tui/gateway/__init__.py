"""The embedded Batch API server: a program of its own, started by the command line and the tests."""
