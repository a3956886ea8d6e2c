"""Only in a stand-in image, only for Poetry: see .ci/offline/poetry-hook."""

import os
import sys

# The script, or the module after -m, whichever comes first.
_program = next((arg for arg in sys.orig_argv[1:] if not arg.startswith("-")), "")
if os.path.basename(_program) == "poetry":
    sys.path.append("@PLUGIN@")
    os.environ.setdefault("POETRY_PYPI_MIRROR_URL", "@INDEX@")
    os.environ.setdefault("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
