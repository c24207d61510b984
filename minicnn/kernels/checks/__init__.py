"""What is checked before a loop runs."""
