"""The way out of a refused merge, with the project's own drizzle-kit."""
