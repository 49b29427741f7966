"""What makes a run: setting up, cases, the two sides, and the run itself."""
