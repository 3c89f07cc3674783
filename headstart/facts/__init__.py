"""What is read and what follows from it: facts as frozen data, the state they make, names as SQL.

Not here: anything that connects, waits, decides or prints. It imports nothing of headstart.
"""
