"""Repairs of one folder that no database can notice: SQL, `when` and tags stay.  Pure."""
