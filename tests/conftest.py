"""How hypothesis draws: the same examples each time, so that a run says something about the change under test.

`HYPOTHESIS_PROFILE=explore pytest` draws anew each time; what it finds becomes an example of its own. No test has a
deadline, as no test may assert a wall time.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
