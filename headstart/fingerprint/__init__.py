"""Which revision is this database at? A schema, and the known states it is compared with."""
