"""The minirag database."""
