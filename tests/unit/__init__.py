"""The pure core, by tables; no database, no clock, no files."""
