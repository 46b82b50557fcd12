"""Says hello, and whether the store answers."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        with socket.create_connection(("store", 9000), timeout=2):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"Hello, and the store answers.\n")


ThreadingHTTPServer(("", 8000), Hello).serve_forever()
