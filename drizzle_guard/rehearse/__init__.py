"""Runs migrations on throw-away databases, from every state in which a real one can stand, and compares."""
