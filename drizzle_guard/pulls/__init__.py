"""Mends the pull requests whose migrations collide with their base, where a merge button runs no merge driver.

Decided:

* `drizzle-guard renumber --pulls` is all of it: `action.yml` and a job of GitLab call the same command, and the tests
  run it against a bare repository and a stand-in for the API.  A command of its own was rejected: what it does to a
  pull request is what `renumber` does to a merge by hand.
* Nothing is checked out.  git merges the two commits into objects (`git merge-tree`), the migration folders are
  replaced by what the core planned, and the commit is made from that tree.  An armed clone with a worktree was
  rejected: its hooks, filters and links would have to be kept from running; here there is nothing that could run.
  Only the `.gitattributes` files are written out: from them git takes which files it may merge as text.
* A pull request is pushed to only if every path that git could not merge belongs to a migration folder that the core
  has planned.  The push names the commit that the branch must still be at, and only ever adds one commit to it.
"""
