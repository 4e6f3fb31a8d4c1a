// An upstream that says how Node reads a request: as a URL of the WHATWG's, which turns backslashes and resolves dots.
const http = require("node:http");

const server = http.createServer((request, answer) => {
  let read;
  try {
    read = decodeURIComponent(new URL(request.url, "http://upstream").pathname);
  } catch (error) {
    read = `unreadable: ${error.message}`;
  }
  const body = JSON.stringify({ read, raw: request.url, host: request.headers.host ?? "" });
  answer.writeHead(200, { "content-length": Buffer.byteLength(body), "x-read-by": "node" });
  answer.end(body);
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
