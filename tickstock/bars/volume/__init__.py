"""What volume says about a stock: indicators, profile, divergences and scores, and how they are shown."""
