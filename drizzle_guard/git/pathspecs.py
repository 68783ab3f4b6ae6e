"""The patterns by which git finds what may belong to a migration."""

from __future__ import annotations

#: every path that belongs to a migration, in either layout, and some others
MIGRATIONS = (
    ":(top,glob)**/*.sql",
    ":(top,glob)**/meta/_journal.json",
    ":(top,glob)**/meta/*_snapshot.json",
    ":(top,glob)**/snapshot.json",
)
