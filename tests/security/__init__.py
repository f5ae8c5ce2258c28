"""Rules of safety that hold for the product as a whole."""
