"""Refers, claims and completes, by nothing but a client that was generated from /openapi.json."""

import json
import sys

from referral_intake import AuthenticatedClient
from referral_intake.api.cases import read_case, search_cases
from referral_intake.api.referrals import submit_referral
from referral_intake.api.triage import claim_items, complete_claim
from referral_intake.models import ClaimRequest, CompletionRequest, Opaque, Outcome, SearchRequest

url, partner, token, recipient, sealed, released = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=token)

with open(sealed) as file:
    envelope = json.load(file)
acknowledgement = submit_referral.sync(
    envelope["header"]["referralId"],
    client=AuthenticatedClient(base_url=url, token=partner),
    body=Opaque.from_dict(envelope),
)

request = ClaimRequest(recipient=recipient, max_=1, lease_seconds=60)
[claim] = claim_items.sync(client=client, body=request).claims
[referral] = claim.referrals
referrals = [referral.referral_id]
with open(released, "w") as file:
    json.dump(referral.to_dict(), file)

search = SearchRequest(reference=acknowledgement.reference)
[found] = search_cases.sync(client=client, body=search).cases
case = read_case.sync(found.case_id, client=client)


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
            "region": referral.header.region,
            "found": [it.referral_id for it in case.referrals],
            "state": case.item.state,
            "refused": refused.code,
            "outcome": completed.outcome,
        }
    )
)
