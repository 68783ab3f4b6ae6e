"""Finds what is unsound in a migration folder."""
