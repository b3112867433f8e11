"""Result files that other tools read."""
