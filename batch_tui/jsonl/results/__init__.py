"""Output and error files: joined with their requests, counted, filtered, merged, compared, exported."""
