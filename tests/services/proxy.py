"""What `FlakyServer` needs to stand before a real server: every request is passed on, and so is what comes back."""

import urllib.error
import urllib.request

from flaky import Answer, Request, Response

PASSED_ON = ("authorization", "content-type")


def before(root: str) -> Answer:
    """`root` without a path, such as `http://127.0.0.1:8000`."""

    def answer(request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name in PASSED_ON}
        onward = urllib.request.Request(root + request.path, request.body or None, headers)
        try:
            with urllib.request.urlopen(onward, timeout=120) as response:
                return Response(response.status, response.read())
        except urllib.error.HTTPError as refused:
            return Response(refused.code, refused.read())

    return answer
