"""What a person may set: each setting declared once, how it is read, and where the database is.

Not here: what a setting leads to. Pure: files are read by a function that the caller gives.
"""
