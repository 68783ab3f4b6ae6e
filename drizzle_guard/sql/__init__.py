"""Reads SQL as far as that goes without a database.  Pure.

Three readers, each for one question: `footprint` (what may pass what, in a merge), `exact` (what a statement makes, for
the commands about databases), `ddl` and `alter` (which tables and columns come and go, for rules and snapshots).
"""
