"""How systems are scored, and the pictures that show it."""
