"""Shows and asks: pages per reader, who may see them, and the words they use."""
