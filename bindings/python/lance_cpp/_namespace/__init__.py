"""Catalogs: a folder of tables, and the same over REST."""
