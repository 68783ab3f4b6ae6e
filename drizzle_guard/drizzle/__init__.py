"""What drizzle-kit and drizzle-orm write: journal, snapshots, names, bundle.  Pure."""
