"""The edge towards git: reads histories out of commits, the index and the worktree, and writes plans back."""
