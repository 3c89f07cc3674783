"""Settings and engine."""
