CREATE TABLE transfers (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source integer NOT NULL REFERENCES accounts,
    destination integer NOT NULL REFERENCES accounts,
    amount numeric(12, 2) NOT NULL CHECK (amount > 0),
    booked_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION book_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts SET balance = balance - NEW.amount WHERE id = NEW.source;
    UPDATE accounts SET balance = balance + NEW.amount WHERE id = NEW.destination;
    RETURN NEW;
END;
$$;

CREATE TRIGGER book_transfer AFTER INSERT ON transfers
    FOR EACH ROW EXECUTE FUNCTION book_transfer();

INSERT INTO transfers (source, destination, amount) VALUES (1, 2, 30);
