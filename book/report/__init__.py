"""Report on a project of the reader's: check it, build it, run it, measure it, and write a page with the findings."""
