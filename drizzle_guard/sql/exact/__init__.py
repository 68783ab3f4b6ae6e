"""SQL read as a database reads it: names in their own case, types and defaults, and what cannot be understood."""
