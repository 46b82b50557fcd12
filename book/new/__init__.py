"""A new recipe and its chapter, from the template that *Write a chapter* shows."""
