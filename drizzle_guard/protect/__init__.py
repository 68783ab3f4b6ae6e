"""Committed migrations stay as they are."""
