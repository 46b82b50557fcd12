SELECT pg_sleep(8);
