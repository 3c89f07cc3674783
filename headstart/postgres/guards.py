"""How a peer that has vanished is noticed: a node that is gone sends neither FIN nor RST. Pure.

Without these a server keeps the locks of a dead client for 2 h 11 min, the kernel's own keepalive.
"""

from collections.abc import Mapping

KEEPALIVE_IDLE_SECONDS = 10
KEEPALIVE_INTERVAL_SECONDS = 5
KEEPALIVE_COUNT = 3
UNACKNOWLEDGED_SECONDS = 30
"""What was sent, and a probe too, has to be acknowledged within this time."""
LOCK_IDLE_SECONDS = 30
"""A dead man's switch on the server: the run lock's heartbeat comes every 2 s."""

DRIVERS_CONNECT_SECONDS = "10"
"""libpq's connect_timeout for env.py's drivers, for each address; unless the user names another."""

SERVER_SIDE: Mapping[str, str] = {
    "tcp_keepalives_idle": str(KEEPALIVE_IDLE_SECONDS),
    "tcp_keepalives_interval": str(KEEPALIVE_INTERVAL_SECONDS),
    "tcp_keepalives_count": str(KEEPALIVE_COUNT),
    "tcp_user_timeout": str(UNACKNOWLEDGED_SECONDS * 1000),
}
"""Settings of a session, which any role may make. A Unix socket ignores them, on every version;
behind a pooler they watch the connection between the pooler and the server."""

CLIENT_SIDE: Mapping[str, str] = {
    "keepalives_idle": str(KEEPALIVE_IDLE_SECONDS),
    "keepalives_interval": str(KEEPALIVE_INTERVAL_SECONDS),
    "keepalives_count": str(KEEPALIVE_COUNT),
    "tcp_user_timeout": str(UNACKNOWLEDGED_SECONDS * 1000),
}
"""Parameters of libpq, unless the URL names its own."""
