"""What a run is told: settings, things found by name, words on the console."""
