CREATE TABLE greeting (word text);
INSERT INTO greeting VALUES ('hello');
SELECT pg_sleep(6);  -- as long as loading a few tables of real data
