"""The command: arguments, the verb, output, the verdict, the exit code. The only sys.exit.

Not here: what a verb does.
"""
