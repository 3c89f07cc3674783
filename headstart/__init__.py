"""Prove, stamp or upgrade a Postgres database with Alembic, once, before an async app starts."""

__version__ = "0.1.0"
