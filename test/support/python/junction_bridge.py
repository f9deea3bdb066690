"""Calls of the published Python SDK, one a line on stdin as JSON, each answered with one line on stdout.

In:  {"call": "lab_tests.get_order", "args": {...}}
Out: {"answer": <JSON>} or {"error": {"type", "status", "body"}}
"""

import json
import sys

import pydantic
from junction import Junction
from junction.core.api_error import ApiError


def plain(answer):
    """An answer as JSON has it; of a document its beginning and its length."""
    if isinstance(answer, pydantic.BaseModel):
        return json.loads(answer.json(by_alias=True))
    if isinstance(answer, list):
        return [plain(each) for each in answer]
    if hasattr(answer, "__next__"):
        content = b"".join(answer)
        return {"begins": content[:8].decode("latin-1"), "bytes": len(content)}
    return answer


def main(api_key, base_url):
    client = Junction(api_key=api_key, base_url=base_url, max_retries=4)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            method = client
            for name in asked["call"].split("."):
                method = getattr(method, name)
            said = {"answer": plain(method(**asked["args"]))}
        except ApiError as error:
            said = {"error": {"type": type(error).__name__, "status": error.status_code, "body": plain(error.body)}}
        except Exception as error:
            said = {"error": {"type": type(error).__name__, "status": None, "body": str(error)}}
        print(json.dumps(said, default=str), flush=True)


main(*sys.argv[1:])
