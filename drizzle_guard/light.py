"""Definitions that cost little where a process starts; git starts the driver and the hooks for every merge.

A class of `typing.NamedTuple` compiles the annotation of each of its fields, and `re.compile` builds its machine when
the module is imported, though most messages and odd files are never met.  Measured in instructions, both together were
half of what the driver's process cost above `python -c pass`.  What annotations name comes from here as well on that
path: `typing` itself takes a third of a bare Python.
"""

from __future__ import annotations

import re
from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import compile as pattern
    from typing import Any, Literal, NamedTuple

    __all__ = ["Any", "Literal", "NamedTuple", "pattern"]
else:
    Any = object

    class Literal:
        """What an annotation names, which nobody asks for at run time."""

        def __class_getitem__(cls, _):
            return str

    class _Makes(type):
        """Turns a class statement into a named tuple, with its methods and defaults, as `typing.NamedTuple` does."""

        def __new__(cls, name, bases, body):
            fields = body.get("__annotations__", {})
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            for key, value in body.items():
                if key not in ("__module__", "__qualname__", "__slots__"):
                    setattr(made, key, value)
            return made

    NamedTuple = type.__new__(_Makes, "NamedTuple", (), {})

    class _Pattern:
        """A regular expression that is compiled when it is first used."""

        def __init__(self, source, flags):
            self._source = source, flags

        def __getattr__(self, name):
            compiled = re.compile(*self._source)
            for method in ("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer", "pattern"):
                setattr(self, method, getattr(compiled, method))
            return getattr(compiled, name)

    def pattern(source, flags=0):
        """What `re.compile` returns, later."""
        return _Pattern(source, flags)
