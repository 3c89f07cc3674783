"""The application's SQLAlchemy models, one package per database under db_schemas."""
