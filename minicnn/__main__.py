"""`python -m minicnn`: the command, if it is not on the PATH."""

from minicnn.cli.main import main

if __name__ == "__main__":
    main()
