"""`check`: which folders it looks at, and how it reports what the rules find in them."""
