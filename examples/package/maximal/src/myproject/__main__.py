"""The command, as `python -m myproject`."""

from myproject.cli import main

if __name__ == "__main__":
    main()
