"""Brings a folder in order that is unsound although no operation of git is under way."""
