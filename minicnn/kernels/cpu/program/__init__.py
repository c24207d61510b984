"""How a program of steps is built and run: its memory, its threads, its calls."""
