"""What an env.py may do that makes its project unfit for the gate, and what the file says then."""

AT_TOP = {
    "environ.get": ("import os; os.environ.get('TENANT')", "reads TENANT"),
    "environ[]": ("import os\ntry: os.environ['TENANT']\nexcept KeyError: pass", "reads TENANT"),
    "getenv": ("import os; os.getenv('TENANT')", "reads TENANT"),
    "in": ("import os; 'TENANT' in os.environ", "reads TENANT"),
    "setdefault": ("import os; os.environ.setdefault('TENANT', 'a')", "reads TENANT"),
    "pop": ("import os; os.environ.pop('TENANT', None)", "reads TENANT"),
    "dict": ("import os; dict(os.environ)", "all of its environment"),
    "copy": ("import os; os.environ.copy()", "all of its environment"),
    "items": ("import os; [name for name, _ in os.environ.items()]", "all of its environment"),
    "union": ("import os; os.environ | {}", "all of its environment"),
    "stars": ("import os; {**os.environ}", "all of its environment"),
    "a ChainMap": (
        "import os, collections; collections.ChainMap({}, os.environ).get('TENANT')",
        "reads TENANT",
    ),
    "expandvars": ("import os; os.path.expandvars('$TENANT')", "reads TENANT"),
    "environb": ("import os; os.environb.get(b'TENANT')", "reads TENANT"),
    "string.Template": (
        "import os, string; string.Template('$TENANT').safe_substitute(os.environ)",
        "reads TENANT",
    ),
    "libpq's own": ("import os; os.environ.get('PGHOST')", "reads PGHOST"),
    "a file": ("open(__file__.replace('env.py', 'script.py.mako')).read()", "script.py.mako"),
    "a file that is not there": (
        "try: open('/run/secrets/tenant')\nexcept OSError: pass",
        "secrets/tenant",
    ),
    "whether a file is there": (
        "from pathlib import Path; Path('/run/secrets/tenant').exists()",
        "secrets/tenant",
    ),
    "whether it is one": (
        "import os; os.path.isfile('/run/secrets/tenant')",
        "secrets/tenant",
    ),
    "whether it can be read": (
        "import os; os.access('/run/secrets/tenant', os.R_OK)",
        "secrets/tenant",
    ),
    "a process": ("import subprocess; subprocess.run(['true'])", "starts a process"),
    "a shell": ("import os; os.system('true')", "starts a process"),
    "a fork": ("import os; os.fork() or os._exit(0)", "forks"),
    "sqlite": ("import sqlite3; sqlite3.connect(':memory:')", "database of its own"),
    "another service": (
        "import socket; socket.socket().connect_ex(('127.0.0.1', 9))",
        "another service",
    ),
    "a name to resolve": (
        "import socket\ntry: socket.getaddrinfo('db.invalid', 80)\nexcept OSError: pass",
        "another service",
    ),
    "psycopg2": (
        "import psycopg2\ntry: psycopg2.connect('port=9')\nexcept psycopg2.Error: pass",
        "connects by psycopg2",
    ),
    "psycopg": (
        "import psycopg\ntry: psycopg.connect('port=9')\nexcept psycopg.Error: pass",
        "connects by psycopg",
    ),
    "psycopg's class": (
        "import psycopg\ntry: psycopg.Connection.connect('port=9')\nexcept psycopg.Error: pass",
        "connects by psycopg",
    ),
}
"""Instead of `target_metadata = None`: what is done, and what is said of it."""

_BEGIN = "        with context.begin_transaction():\n            context.run_migrations()\n"
_RUN = "            context.run_migrations()\n\n\nif"
CONFIGURE = "        context.configure(\n            connection=connection, target_metadata"
TEXT = "from sqlalchemy import text\n"


def _before(line: str) -> tuple[str, str]:
    return CONFIGURE, f"        {line}\n{CONFIGURE}"


def _after(line: str) -> tuple[str, str]:
    return _RUN, f"            context.run_migrations()\n            {line}\n\n\nif"


def _option(text: str) -> tuple[str, str]:
    return CONFIGURE, CONFIGURE.replace("connection=connection", f"connection=connection, {text}")


_POOL = "        poolclass=pool.NullPool,\n    )\n\n    with"
_SQL = "executes SQL of its own"

ONLINE = {
    "SQL before": (_before("connection.execute(__import__('sqlalchemy').text('SELECT 1'))"), _SQL),
    "SQL of the driver before": (_before("connection.exec_driver_sql('SELECT 1')"), _SQL),
    "SQL after": (_after("connection.execute(__import__('sqlalchemy').text('SELECT 1'))"), _SQL),
    "views after": (_after("connection.exec_driver_sql('CREATE VIEW v AS SELECT 1')"), _SQL),
    "context.execute after": (_after("context.execute('SELECT 1')"), _SQL),
    "op.execute after": (_after("context.get_context().execute('SELECT 1')"), _SQL),
    "a cursor after": (
        _after("connection.connection.cursor().execute('SELECT 1')"),
        "cursor of its own",
    ),
    "a cursor before": (
        _before("connection.connection.cursor().execute('SELECT 1'); connection.rollback()"),
        "cursor of its own",
    ),
    "SET search_path": (
        _before("connection.exec_driver_sql('SET search_path = public'); connection.commit()"),
        _SQL,
    ),
    "SET ROLE": (
        _before("connection.exec_driver_sql('SET ROLE NONE'); connection.commit()"),
        _SQL,
    ),
    "a schema of its own for the rows": (
        _option("version_table_schema='public'"),
        "version_table_schema",
    ),
    "a second configure": (
        _before("context.configure(connection=connection)"),
        "configures more than once",
    ),
    "translated schemas": (
        _before(
            "connection = connection.execution_options(schema_translate_map={'tenant': 'public'})"
        ),
        "translates schemas",
    ),
    "a listener": (
        (
            _POOL,
            _POOL.replace(
                "    with",
                "    from sqlalchemy import event\n"
                "    event.listen(connectable, 'connect', lambda *_: None)\n"
                "    with",
            ),
        ),
        "listens to connect",
    ),
    "libpq's options": (
        (
            _POOL,
            _POOL.replace(
                "NullPool,\n",
                "NullPool,\n        connect_args={'options': '-csearch_path=tenant,public'},\n",
            ),
        ),
        "search_path",
    ),
}
"""In run_migrations_online(): what is replaced by what, and what is said of it."""

_ASYNC_CONFIGURE = "    context.configure(connection=connection, target_metadata=target_metadata)\n"
_ASYNC_RUN = "        await connection.run_sync(do_run_migrations)\n"
ASYNC = {
    "getenv": (
        ("target_metadata = None", AT_TOP["getenv"][0] + "\ntarget_metadata = None"),
        "reads TENANT",
    ),
    "SQL in the sync part": (
        (_ASYNC_CONFIGURE, f"    connection.exec_driver_sql('SELECT 1')\n{_ASYNC_CONFIGURE}"),
        _SQL,
    ),
    "SQL before": (
        (_ASYNC_RUN, f"        await connection.exec_driver_sql('SELECT 1')\n{_ASYNC_RUN}"),
        _SQL,
    ),
    "SQL after": (
        (_ASYNC_RUN, f"{_ASYNC_RUN}        await connection.exec_driver_sql('SELECT 1')\n"),
        _SQL,
    ),
    "a listener": (
        (
            "    async with connectable",
            (
                "    import sqlalchemy; engine = connectable.sync_engine\n"
                "    sqlalchemy.event.listen(engine, 'connect', lambda *_: None)\n"
                "    async with connectable"
            ),
        ),
        "listens to connect",
    ),
    "asyncpg itself": (
        (
            "    async with connectable",
            (
                "    import asyncpg\n"
                "    try: await asyncpg.connect(host='127.0.0.1', port=9)\n"
                "    except OSError: pass\n"
                "    async with connectable"
            ),
        ),
        "connects by asyncpg",
    ),
    "server settings": (
        (
            "        poolclass=pool.NullPool,\n",
            (
                "        poolclass=pool.NullPool,\n        connect_args={'server_settings':"
                " {'search_path': 'tenant,public'}},\n"
            ),
        ),
        "search_path",
    ),
    "a schema of its own for the rows": (
        (
            _ASYNC_CONFIGURE,
            _ASYNC_CONFIGURE.replace("metadata)", "metadata, version_table_schema='public')"),
        ),
        "version_table_schema",
    ),
}
"""The same in the template for async drivers."""

FIT = {
    "its own folder": "import sys; from pathlib import Path\n"
    "sys.path.insert(0, str(Path(__file__).resolve().parents[1]))",
    "the URL": "import os; os.environ['DATABASE_URL']",
    "Python's own": "import locale; locale.getlocale()",
    "a variable that it sets": "import os; os.environ['MARKED'] = '1'",
    "logging": "import logging; logging.getLogger('app').info('x')",
    "what is installed": "from importlib import metadata\n"
    "metadata.version('alembic'); list(metadata.entry_points())",
    "a package of another's": "import pydantic",
}
"""What makes no difference."""
