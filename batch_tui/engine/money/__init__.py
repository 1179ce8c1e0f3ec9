"""What batches cost: prices, estimates, sums."""
