"""An upstream that says how Python's own server reads a request: as it would look for a file."""

import json
import posixpath
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Reader(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        # As SimpleHTTPRequestHandler.translate_path does.
        path = self.path.split("?", 1)[0].split("#", 1)[0]
        path = posixpath.normpath(urllib.parse.unquote(path, errors="surrogatepass"))
        body = json.dumps({"read": path, "raw": self.path, "host": self.headers.get("host", "")}, separators=(",", ":")).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-read-by", "python")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Reader)
print(server.server_address[1], flush=True)
sys.stdout.close()
server.serve_forever()
