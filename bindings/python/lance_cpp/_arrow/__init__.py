"""Arrow extension types."""
