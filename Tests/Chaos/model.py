"""A model server that speaks OpenAI's chat completions, streams, calls tools, and fails as real ones do."""
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Model:
    """The last user message decides: `weather …` calls the tool, `slow …` streams for seconds, everything else is echoed.
    `trouble` is the share of requests that fail."""

    def __init__(self, seed):
        self.draw, self.trouble, self.requests = random.Random(seed), 0.0, 0
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests += 1
                try:
                    model.answer(self, body)
                except OSError:
                    pass  # Convey was killed, or has aborted.
                self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler, body):
        kind = self.draw.choice(["500", "429", "cut", "garbage", "silent"]) if self.draw.random() < self.trouble else ""
        if kind in ("500", "429"):
            text = json.dumps({"error": {"message": "overloaded, on purpose"}}).encode()
            handler.send_response(int(kind))
            if kind == "429":
                handler.send_header("Retry-After", "0")
            handler.send_header("Content-Length", str(len(text)))
            handler.end_headers()
            handler.wfile.write(text)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        messages = body["messages"]
        last = next((m for m in reversed(messages) if m["role"] == "user"), {"content": ""})
        words = str(last.get("content") or "").split()
        if messages[-1]["role"] == "tool":
            words = ["it", "is", "fine"]
        elif words[:1] == ["weather"] and body.get("tools"):
            call = {"index": 0, "id": f"call_{len(messages)}", "type": "function",
                    "function": {"name": body["tools"][0]["function"]["name"], "arguments": json.dumps({"city": "Oslo"})}}
            self.chunk(handler, {"tool_calls": [call]})
            self.chunk(handler, {}, "tool_calls")
            handler.wfile.write(b"data: [DONE]\n\n")
            return
        pause = 0.1 if words[:1] == ["slow"] else 0.005
        for index, word in enumerate(words):
            if kind == "cut" and index == len(words) // 2:
                return
            if kind == "garbage":
                handler.wfile.write(b"data: {\"choices\": [\n\n")
                return
            if kind == "silent":
                time.sleep(1)
            self.chunk(handler, {"content": word + " "})
            time.sleep(pause)
        self.chunk(handler, {}, "stop")
        handler.wfile.write(b"data: [DONE]\n\n")

    @staticmethod
    def chunk(handler, delta, finish=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        handler.wfile.write(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n")
        handler.wfile.flush()
