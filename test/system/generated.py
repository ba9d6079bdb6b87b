"""Claims an item and completes it, by nothing but a client that was generated from /openapi.json."""

import json
import sys

from referral_intake import AuthenticatedClient
from referral_intake.api.triage import claim_items, complete_claim
from referral_intake.models import ClaimRequest, CompletionRequest, Outcome

url, token, recipient = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=token)

request = ClaimRequest(recipient=recipient, max_=1, lease_seconds=60)
[claim] = claim_items.sync(client=client, body=request).claims
referrals = [referral.referral_id for referral in claim.referrals]


def complete(outcome):
    completion = CompletionRequest(fence=claim.fence, outcome=outcome, referrals=referrals)
    return complete_claim.sync(claim.claim_id, client=client, body=completion)


refused = complete(Outcome.DECLINED)
completed = complete(Outcome.ACCEPTED)
print(
    json.dumps(
        {
            "referrals": referrals,
            "urgency": claim.urgency,
            "refused": refused.code,
            "outcome": completed.outcome,
        }
    )
)
