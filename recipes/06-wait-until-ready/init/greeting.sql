CREATE TABLE greeting (word text);
INSERT INTO greeting VALUES ('hello');
