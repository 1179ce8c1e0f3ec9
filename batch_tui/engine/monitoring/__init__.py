"""The 24 hours: what is known of the batches, kept up to date, remembered, and watched for runaways."""
