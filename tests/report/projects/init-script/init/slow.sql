SELECT pg_sleep(4);
CREATE TABLE visits (day date);
