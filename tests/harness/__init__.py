"""What every suite uses: one runner of the program, one clean environment, one kind of result.

A suite's own folder keeps what only it needs; nothing here knows a suite.
"""
