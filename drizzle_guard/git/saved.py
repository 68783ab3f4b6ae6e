"""SQL that is set aside: written where the user finds it, before its file goes away."""

from __future__ import annotations

import os

from drizzle_guard.git.repository import Repository

SAVED = "drizzle-guard-saved"


def save(repository: Repository, tag: str, data: bytes) -> list[str]:
    """Write a migration's SQL to SAVED; returns the path if that was not there with the same bytes."""
    directory = os.path.join(repository.root, SAVED)
    os.makedirs(directory, exist_ok=True)
    number = 1
    while True:
        name = f"{tag}{f'-{number}' if number > 1 else ''}.sql"
        try:
            with open(os.path.join(directory, name), "xb") as file:
                file.write(data)
            return [f"{SAVED}/{name}"]
        except FileExistsError:
            with open(os.path.join(directory, name), "rb") as file:
                if file.read() == data:
                    return []
            number += 1
