"""One tenant at a time: `headstart fleet` names it, as `alembic -x tenant=NAME` does."""

from alembic import context
from sqlalchemy import engine_from_config, pool
from sqlalchemy.schema import CreateSchema

target_metadata = None  # yours: MyBase.metadata, whose tables name no schema
tenant = context.get_x_argument(as_dictionary=True)["tenant"]


def run_migrations() -> None:
    """Run the revisions in the tenant's schema, which has a version table of its own."""
    engine = engine_from_config(
        context.config.get_section(context.config.config_ini_section, {}),
        prefix="sqlalchemy.",
        poolclass=pool.NullPool,
    )
    with engine.connect() as connection:
        quoted = connection.dialect.identifier_preparer.quote(tenant)
        connection.execute(CreateSchema(tenant, if_not_exists=True))  # a new one
        connection.exec_driver_sql(f"SET search_path TO {quoted}")
        connection.commit()
        connection.dialect.default_schema_name = tenant
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            version_table_schema=tenant,
        )
        with context.begin_transaction():
            context.run_migrations()


def print_sql() -> None:
    """Print the revisions as SQL, for `headstart plan --sql -x tenant=NAME`."""
    context.configure(dialect_name="postgresql", literal_binds=True, version_table_schema=tenant)
    with context.begin_transaction():
        quoted = context.get_context().dialect.identifier_preparer.quote(tenant)
        context.execute(f"SET LOCAL search_path TO {quoted}")
        context.run_migrations()


if context.is_offline_mode():
    print_sql()
else:
    run_migrations()
