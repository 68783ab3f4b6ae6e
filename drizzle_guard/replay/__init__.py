"""Three migration folders in, a plan or a refusal out.  Pure."""
