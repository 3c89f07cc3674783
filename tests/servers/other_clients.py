"""Other clients of a pooler at work: short transactions, each of which looks at its session."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

CLIENTS = 3
PAUSE_SECONDS = 0.02
"""Between two looks: there are many in each run, and the server has time for others, too."""

LOOK = """
    SELECT coalesce(string_agg(found, ', '), '') FROM (
        SELECT name || ' = ' || setting AS found FROM pg_settings
        WHERE source = 'session' AND setting <> reset_val AND name NOT IN ('application_name',
            'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings',
            'transaction_deferrable', 'transaction_isolation', 'transaction_read_only')
        UNION SELECT 'role = ' || current_setting('role') WHERE current_setting('role') <> 'none'
    ) AS session
"""
"""What a server connection in the pool has that is nobody's; the names are the pooler's own."""


class Clients:
    """What they have seen: `transactions` counts, `leftovers` are other people's settings."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ended = threading.Event()
        self.transactions = 0
        self.leftovers: set[str] = set()

    def end(self) -> None:
        """Let each finish its transaction and go."""
        self._ended.set()

    def work(self) -> None:
        """Look at the session of whatever server connection comes, again and again."""
        connection = psycopg2.connect(self._url, application_name="another client")
        cursor = connection.cursor()
        while not self._ended.wait(PAUSE_SECONDS):
            cursor.execute(LOOK)
            row = cursor.fetchone()
            if row and row[0]:
                self.leftovers.add(row[0])
            self.transactions += 1
            connection.commit()
        connection.close()


@contextmanager
def clients_at_work(url: str) -> Iterator[Clients]:
    """Have several of them at work for the length of the block."""
    clients = Clients(url)
    threads = [threading.Thread(target=clients.work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        clients.end()
        for thread in threads:
            thread.join()
