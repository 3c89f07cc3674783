DROP VIEW statements;
