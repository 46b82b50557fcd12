"""What a reader sees: listings, tables, figures. Everything here takes measurements and never talks to Docker."""
