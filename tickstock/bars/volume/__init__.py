"""What volume tells beside price: indicators, divergences, scores, and a chart of them."""
