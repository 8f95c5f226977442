"""Next queries, from what a person cares about."""
