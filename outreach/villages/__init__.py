"""The registry: provinces, regencies, districts, villages and their estimates."""
