"""Verifies one webhook with the reference library: {"secret", "body", "headers"} on standard input; 0 yes, 3 no."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

given = json.load(sys.stdin)
try:
    payload = Webhook(given["secret"]).verify(given["body"], given["headers"])
except WebhookVerificationError:
    sys.exit(3)
assert payload == json.loads(given["body"])
