"""What each SQL statement touches: its footprint.  Pure; `docs/hazards.md` tells the model."""
