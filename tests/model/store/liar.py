"""A server on this machine that cuts, stalls and lies."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Manner:
    """How the server answers; each list is used up, one entry a request."""

    content: bytes = b""
    tag: str = '"one"'
    cuts: list[int] = field(default_factory=list)
    """Bytes after which the connection is closed."""
    stalls: list[int] = field(default_factory=list)
    """Bytes after which nothing comes any more."""
    statuses: list[int] = field(default_factory=list)
    knows_ranges: bool = True
    wrong_range: bool = False
    length: int | None = None
    """What is told in place of the true length."""
    has_length: bool = True
    kind: str = "application/octet-stream"
    redirect: str = ""
    asked: list[str] = field(default_factory=list)
    """Range headers of the requests, empty where there was none."""
    released: threading.Event = field(default_factory=threading.Event)

    def begin(self, wanted: str, tag: str | None) -> int:
        """Where the answer to a request begins."""
        goes_on = wanted and self.knows_ranges and tag == self.tag
        return int(wanted.removeprefix("bytes=").rstrip("-")) if goes_on else 0

    def headers(self, begin: int) -> dict[str, str]:
        """What is told of an answer that begins there."""
        told = {"Content-Type": self.kind, "ETag": self.tag}
        if begin:
            shown = begin + 1 if self.wrong_range else begin
            told["Content-Range"] = f"bytes {shown}-{len(self.content) - 1}/{len(self.content)}"
        if self.has_length:
            told["Content-Length"] = str(self.length or len(self.content) - begin)
        return told


def _handler(manner: Manner) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            manner.asked.append(wanted)
            if manner.redirect:
                self.send_response(302)
                self.send_header("Location", manner.redirect)
                self.end_headers()
                return
            if manner.statuses:
                self.send_error(manner.statuses.pop(0))
                return
            begin = manner.begin(wanted, self.headers.get("If-Range"))
            self.send_response(206 if begin else 200)
            for name, value in manner.headers(begin).items():
                self.send_header(name, value)
            self.end_headers()
            self._send(manner.content[begin:])

        def _send(self, body: bytes) -> None:
            if manner.cuts:
                self.wfile.write(body[: manner.cuts.pop(0)])
            elif manner.stalls:
                self.wfile.write(body[: manner.stalls.pop(0)])
                self.wfile.flush()
                manner.released.wait(20)
            else:
                self.wfile.write(body)
            self.close_connection = True

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """The other side hangs up in these tests, which is no news."""


@contextmanager
def serving(manner: Manner) -> Iterator[str]:
    """Serve while the block lasts; gives the address of the file."""
    server = _Quiet(("127.0.0.1", 0), _handler(manner))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/weights.pth"
    finally:
        manner.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
