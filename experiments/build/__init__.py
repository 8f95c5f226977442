"""From a config's names to objects."""
