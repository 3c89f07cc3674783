-- What PostgreSQL 15 and later have.
CREATE TABLE distinct_nulls (a int, b int, UNIQUE NULLS NOT DISTINCT (a, b) INCLUDE (b), CONSTRAINT nd UNIQUE NULLS NOT DISTINCT (b));
CREATE UNIQUE INDEX nulls_once ON distinct_nulls (a) NULLS NOT DISTINCT WHERE b > 3;
CREATE TABLE tenants (tenant int, id int, PRIMARY KEY (tenant, id));
CREATE TABLE members (tenant int, owner int, FOREIGN KEY (tenant, owner) REFERENCES tenants ON DELETE SET NULL (owner));
CREATE VIEW invoker WITH (security_invoker = true) AS SELECT id FROM tenants;
