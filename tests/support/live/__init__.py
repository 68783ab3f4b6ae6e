"""Live tests: they drive the real drizzle-kit, drizzle-orm and database servers."""
