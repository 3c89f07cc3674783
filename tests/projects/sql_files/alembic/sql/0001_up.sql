-- Accounts; several statements in one file.
CREATE TABLE accounts (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text NOT NULL,
    balance numeric(12, 2) NOT NULL DEFAULT 0
);
COMMENT ON TABLE accounts IS '100% ours; see the wiki';
INSERT INTO accounts (owner, balance) VALUES ('ann', 100), ('ben', 0);
