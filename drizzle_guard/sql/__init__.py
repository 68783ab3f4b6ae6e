"""Reads SQL as far as that goes without a database.  Pure."""
