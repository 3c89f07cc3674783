-- What PostgreSQL 18 has.
CREATE TABLE virtual_column (a int NOT NULL, b int GENERATED ALWAYS AS (a * 2), c int GENERATED ALWAYS AS (a * 3) STORED);
CREATE TABLE loose (a int CONSTRAINT told NOT NULL, b int REFERENCES child NOT ENFORCED, CHECK (a > 3) NOT ENFORCED, key uuid DEFAULT uuidv7());
ALTER TABLE loose ADD CONSTRAINT later NOT NULL b NOT VALID;
CREATE TABLE periods (room int4range, during tstzrange, PRIMARY KEY (room, during WITHOUT OVERLAPS));
CREATE TABLE stays (room int4range, during tstzrange, FOREIGN KEY (room, PERIOD during) REFERENCES periods);
CREATE PUBLICATION with_generated FOR TABLE virtual_column WITH (publish_generated_columns = stored);
