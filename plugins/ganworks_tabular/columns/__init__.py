"""One column as numbers in [-1, 1] and choices, and back: one module for each kind of column."""
