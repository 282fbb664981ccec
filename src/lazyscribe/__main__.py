"""``python -m lazyscribe``: the command, where its script is not on the path."""

import sys

from lazyscribe.cli.launcher import main

if __name__ == "__main__":
    sys.exit(main())
