"""An access provider in a hundred lines: files a request and follows it by webhooks until it has ended.

    pip install standardwebhooks
    heyan provider add "Some Cloud" --webhook https://…/hook     # prints api_key and webhook_secret
    API_KEY=hk_… WEBHOOK_SECRET=whsec_… python provider.py http://127.0.0.1:8080 --listen 127.0.0.1:9000 < filing.json

Prints a line for each event; ends with 0 when the request was handed over, with 1 when it was returned or withdrawn.
"""

import argparse
import hashlib
import http.server
import json
import os
import queue
import sys
import threading
import urllib.error
import urllib.request

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

ENDS = {"handed_over": 0, "returned": 1, "withdrawn": 1}


def receiver(address, secret, events):
    """Answers webhooks at once and hands on each event once: the work is done elsewhere."""
    webhook = Webhook(secret)
    handled = set()

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            try:
                event = webhook.verify(body, dict(self.headers))
            except WebhookVerificationError:
                self.answer(401)
                return
            # the same event may come twice, under the same id
            if self.headers["webhook-id"] not in handled:
                handled.add(self.headers["webhook-id"])
                events.put(event)
            self.answer(204)

        def answer(self, status):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    host, port = address.rsplit(":", 1)
    server = http.server.ThreadingHTTPServer((host, int(port)), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def submit(portal, key, filing):
    """The filed request. Filed once however often this is run: the same bytes have the same idempotency key."""
    request = urllib.request.Request(
        f"{portal}/api/v1/filing-requests",
        data=filing,
        headers={
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": hashlib.sha256(filing).hexdigest(),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as problem:
        # RFC 9457: which member is wrong, and why
        told = json.load(problem)
        for error in told.get("errors", []):
            print(f"{error['pointer']}: {error['detail']}", file=sys.stderr)
        sys.exit(f"{told['status']} {told['type']}: {told['detail']}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("portal", help="such as http://127.0.0.1:8080")
    arguments.add_argument("--listen", default="127.0.0.1:9000", help="where webhooks arrive")
    given = arguments.parse_args()

    events = queue.Queue()
    receiver(given.listen, os.environ["WEBHOOK_SECRET"], events)
    request = submit(given.portal, os.environ["API_KEY"], sys.stdin.buffer.read())
    print("filed", request["id"], flush=True)
    while True:
        event = events.get()
        data = event["data"]
        if data["id"] != request["id"]:
            continue
        print(event["type"], data["state"], data.get("verification_id", ""), flush=True)
        if event["type"] == f"filing_request.{data['state']}" and data["state"] in ENDS:
            if data["state"] == "returned":
                print(data["return_reason"], data["return_advice"], flush=True)
                print(data["return_detail"], flush=True)
            sys.exit(ENDS[data["state"]])


if __name__ == "__main__":
    main()
