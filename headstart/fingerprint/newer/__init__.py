"""Whether code for one schema runs on another one, which is newer. Pure.

The contract: code that names its columns and qualifies them in joins, has no label in GROUP BY and
no column_valued that may be called as a new column, depends on no exact length of a varchar, makes
no DDL on our tables, changes no keys, and copies nothing into a narrower column. What no rule
calls harmless is not.

Not here: which of the known schemas is meant, and what is done about the answer.
"""
