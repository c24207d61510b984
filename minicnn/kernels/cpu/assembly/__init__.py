"""From an operation's geometry to tables and steps: what `kernels` and the engine append to a program."""
