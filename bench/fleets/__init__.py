"""What bench/fleet.py measures: targets in plenty, and what a command takes for them."""
