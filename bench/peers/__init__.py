"""headstart beside other migration tools, on the same work; beside_peers.py runs it."""
