"""What counts as the same, and how a difference is told."""
