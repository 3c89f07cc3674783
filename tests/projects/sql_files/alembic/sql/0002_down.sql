DROP TABLE transfers;
DROP FUNCTION book_transfer();
