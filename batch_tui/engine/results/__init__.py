"""What came back: fetched, joined over all retries, and sent again where it failed."""
