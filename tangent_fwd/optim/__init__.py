"""Training without backpropagation: a random direction, the slope of the loss along it, a move."""
