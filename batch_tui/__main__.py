"""``python -m batch_tui``."""

import sys

from batch_tui.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
