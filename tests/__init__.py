"""Tests: unit (pure), integration and projects (Postgres from a wheel), servers (containers)."""
