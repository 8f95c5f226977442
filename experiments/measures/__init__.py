"""What is measured beside ir-measures."""
