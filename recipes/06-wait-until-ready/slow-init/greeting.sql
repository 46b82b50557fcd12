CREATE TABLE greeting (word text);
INSERT INTO greeting VALUES ('hello');
SELECT pg_sleep(15);  -- as long as it takes to load real data
