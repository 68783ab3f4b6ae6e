"""One file per command; each is a thin face over `core` and one edge."""
