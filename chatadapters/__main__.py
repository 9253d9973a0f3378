"""`python -m chatadapters` is the command `chatadapters`."""

import sys

from .cli import main

sys.exit(main())
