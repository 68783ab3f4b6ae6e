"""What `install` adds to a clone, and whether a clone has it."""
