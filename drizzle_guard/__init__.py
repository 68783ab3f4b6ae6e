"""drizzle-guard: two branches, one Drizzle journal."""

__version__ = "0.1.0"
