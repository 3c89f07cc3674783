"""One package for each database schema that the application has."""
