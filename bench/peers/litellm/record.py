"""What LiteLLM's generic guardrail sends, and what it makes of each answer: the real class of the package, against a server here.

    pip install litellm==1.110.2
    LITELLM_LOCAL_MODEL_COST_MAP=True python3 bench/peers/litellm/record.py > fixtures/formats/litellm-guardrail.json
"""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

from litellm.proxy.guardrails.guardrail_hooks.generic_guardrail_api.generic_guardrail_api import (
    GenericGuardrailAPI,
)

ANSWERS = [{"action": "NONE"}, {"action": "BLOCKED", "blocked_reason": "no mark"}]
seen = []


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        seen.append({"path": self.path, "apiKey": self.headers["x-api-key"], "body": body})
        answer = json.dumps(ANSWERS[(len(seen) - 1) % 2]).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


async def reactions(url):
    guardrail = GenericGuardrailAPI(api_base=url, api_key="sk-litellm", guardrail_name="mark")
    inputs = {
        "texts": ["Tell a story.", "A story."],
        "model": "smollm2",
        "structured_messages": [{"role": "user", "content": "Tell a story."}],
    }
    data = {"metadata": {"user_api_key_team_id": "acme"}}
    for input_type in ("request", "response"):
        for answer in ANSWERS:
            try:
                back = await guardrail.apply_guardrail(inputs, data, input_type)
                reaction = {"texts": back["texts"]}
            except Exception as error:
                reaction = {"error": type(error).__name__, "message": str(error)}
            yield {**seen[-1], "answer": answer, "reaction": reaction}


async def main():
    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cases = [case async for case in reactions(f"http://127.0.0.1:{server.server_port}")]
    source = f"litellm {version('litellm')} (PyPI), GenericGuardrailAPI.apply_guardrail"
    command = "python3 bench/peers/litellm/record.py"
    print(json.dumps({"source": source, "command": command, "cases": cases}, indent=2))


asyncio.run(main())
