"""`python -m ofa_engine`, and the entry by path for a child process: `python -I .../ofa_engine/__main__.py worker`."""

import sys
from pathlib import Path

if not __package__:  # run by path: no folder of the project is on the search path yet
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ofa_engine.interfaces.cli import main

if __name__ == "__main__":
    sys.exit(main())
