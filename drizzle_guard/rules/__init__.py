"""The rules of `check`: pure functions over a folder, each with a code that `explain` tells about."""
