"""The engine and the user's part on a real Postgres."""
