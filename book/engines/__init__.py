"""Which claims of the book hold on which engine: run the chapters on each, and store what was measured. The results are in `results`."""
