"""The header that signs a POST by OAuth 1.0a. In: url, consumer_key, consumer_secret, and what else is known."""

import json
import sys

from oauthlib import oauth1

what = json.load(sys.stdin)
client = oauth1.Client(
    what["consumer_key"], what["consumer_secret"],
    resource_owner_key=what.get("token"), resource_owner_secret=what.get("token_secret"),
    callback_uri=what.get("callback_uri"), verifier=what.get("verifier"),
)
_, headers, _ = client.sign(what["url"], http_method="POST")
json.dump(headers, sys.stdout)
