"""`python -m minicnn`: the command, where it is not on the PATH."""

from minicnn.cli.main import main

if __name__ == "__main__":
    main()
