"""What searches."""
