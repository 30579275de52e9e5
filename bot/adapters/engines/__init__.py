"""How many repositories are worked on at a time."""
