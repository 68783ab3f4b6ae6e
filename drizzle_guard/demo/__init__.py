"""What `drizzle-guard demo` shows: a small project, two branches of it, and a database.

`files/` holds the project as drizzle-kit 0.31 wrote it (only the times in the journals were moved apart): `base`, and
what `main` and `feature` add to it or change.
"""
