"""When releases reach their end."""
