"""Where the service is, with which key, under which limits: files, variables and flags made into settings."""
