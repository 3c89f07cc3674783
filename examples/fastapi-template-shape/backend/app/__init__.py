"""A small app with the shape of FastAPI's full-stack template."""
