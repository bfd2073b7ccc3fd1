"""An app of nothing but the examples' page and what it answers to the page's EventSource."""

import http.server
import threading

from harness.probe import EXAMPLES

PAGE = (EXAMPLES / "dashboard.html").read_bytes()


class RedirectingApp:
    """Use as a context manager. `answer(path)` returns the status and the Location of each answer to /events?…."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/events?"):
                    status, location = answer(self.path)
                    self.send_response(status)
                    if location:
                        self.send_header("Location", location)
                    self.end_headers()
                    return
                self.send_response(200 if self.path == "/" else 404)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(PAGE if self.path == "/" else b"")

            def log_message(self, *_):
                pass
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
