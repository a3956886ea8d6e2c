"""Commands of Poetry in many projects, in one process: run this module with Poetry's own interpreter.

Each line of the input is JSON: the folder of a project and the arguments of `poetry`. Each line of the output answers
one of them with the exit code and the output. Poetry takes about a second to start, which most commands take less than.
"""

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

from tools.lock.poetry_lock import main

for line in sys.stdin:
    request = json.loads(line)
    os.chdir(request["folder"])
    sys.argv = ["poetry", *request["arguments"]]
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        try:
            code = main()
        except SystemExit as end:
            code = end.code
    print(json.dumps({"code": code, "output": output.getvalue()}), flush=True)
