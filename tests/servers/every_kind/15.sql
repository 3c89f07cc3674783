-- What PostgreSQL 15 and later have.
CREATE TABLE distinct_nulls (a int, b int, UNIQUE NULLS NOT DISTINCT (a, b) INCLUDE (b), CONSTRAINT nd UNIQUE NULLS NOT DISTINCT (b));
CREATE UNIQUE INDEX nulls_once ON distinct_nulls (a) NULLS NOT DISTINCT WHERE b > 3;
CREATE TABLE tenants (tenant int, id int, PRIMARY KEY (tenant, id));
CREATE TABLE members (tenant int, owner int, FOREIGN KEY (tenant, owner) REFERENCES tenants ON DELETE SET NULL (owner));
CREATE VIEW invoker WITH (security_invoker = true) AS SELECT id FROM tenants;
CREATE PUBLICATION part_of_it FOR TABLE tenants (tenant, id) WHERE (tenant > 3 AND id IN (1, 2));
CREATE PUBLICATION a_schema FOR TABLE members WHERE (owner > 3), TABLES IN SCHEMA archive;
