"""The book's lens on a reader's own project: check, build, up, measure, down, and a page with what was found."""
