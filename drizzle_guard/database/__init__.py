"""The edge towards databases: reads `__drizzle_migrations` and changes it only on an explicit command."""
