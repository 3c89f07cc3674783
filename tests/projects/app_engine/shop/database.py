import os

from sqlalchemy import create_engine, event

engine = create_engine(
    os.environ["SHOP_DATABASE_URL"], pool_pre_ping=True, pool_size=5, pool_recycle=300
)


@event.listens_for(engine, "connect")
def prepare_session(dbapi_connection, connection_record) -> None:
    cursor = dbapi_connection.cursor()
    cursor.execute("SET search_path TO library, public")
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()
    dbapi_connection.commit()


@event.listens_for(engine, "before_cursor_execute", retval=True)
def tag(connection, cursor, statement, parameters, context, executemany):
    return f"/* shop */ {statement}", parameters
