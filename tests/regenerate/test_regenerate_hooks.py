"""What `regenerate` has staged passes commits and pushes under the hooks that `install` placed."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cases import side_files
from support.gitbed import Bed
from support.live.teams import team_of
from support.stopped_merge import REFUSED, stop


@pytest.mark.parametrize("kind", ["none", "husky", "lefthook"])
def test_it_passes(bed: Bed, kit: Path, kind: str, request: pytest.FixtureRequest) -> None:
    team = team_of(kind, request)
    bed.write("first", "x")
    assert team.adopt(bed).code == 0
    bed.commit("adopt")
    stop(bed, merge=False)
    own = bed.git("rev-parse", "HEAD")
    bed.git("init", "-q", "--bare", str(bed.directory / "remote.git"))
    bed.git("remote", "add", "origin", str(bed.directory / "remote.git"))
    bed.git("push", "-q", "origin", "main", "feature")
    for command in ("merge", "rebase"):
        bed.git("reset", "-q", "--hard", own)
        done = bed.try_git(command, "main")
        assert done.code == 1 and "drizzle-guard regenerate" in done.err, done.text
        assert bed.call("regenerate").code == 0
        bed.git(*(["commit", "-q", "--no-edit"] if command == "merge" else ["rebase", "--continue"]))
        files = bed.files("HEAD")
        assert "0002_email_nullable.sql" in files and side_files(REFUSED / "theirs").keys() < files.keys()
        bed.git("push", "-q", "--force", "origin", "feature")
    # what a person does to the same files by hand is still blocked
    bed.write("drizzle/0002_email_nullable.sql", "select 1;")
    done = bed.try_git("commit", "-q", "-a", "-m", "edit")
    assert done.code == 1 and "the SQL is edited" in done.text, done.text
    bed.commit("edit", "--no-verify")
    done = bed.try_git("push", "-q", "--force", "origin", "feature")
    assert done.code == 1 and "the SQL is edited" in done.text, done.text
