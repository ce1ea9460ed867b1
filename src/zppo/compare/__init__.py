"""Several methods, seeds and options under one recipe: `zppo compare`."""
