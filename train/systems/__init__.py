"""What turns inputs into outputs, by name, and where it comes from."""
