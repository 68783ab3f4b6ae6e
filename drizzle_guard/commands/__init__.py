"""One file for each command: options, one call of the wing that does the work, what is printed, the exit code."""
