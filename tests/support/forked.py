"""A copy of the test's own process, which may be killed: it has all modules, so it costs a tenth of a new one."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable


def forked(run: Callable[[], int]) -> int:
    """Run this in a copy of this process; its exit code, or minus the signal that killed it.  Not on Windows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest-xdist's thread only waits for the next test
        process = os.fork()
    if process == 0:
        code = 70
        try:
            code = run()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
