"""What a migration folder means and what two of them make together; no I/O, no git, no clock."""
