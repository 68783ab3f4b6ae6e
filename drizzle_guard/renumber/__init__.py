"""The main job where it meets git: merge driver, finishing hooks, rebase, repair by hand."""
