/** The states of a referral. Each belongs to one referral, never to the case it was merged into. */
export const states = {
  received: 'Received',
  in_triage: 'Being looked at',
  accepted: 'Accepted',
  waiting_list: 'On the waiting list',
  returned_for_information: 'Returned: more information is needed',
  declined: 'Declined',
  redirected: 'Redirected to another organisation',
  closed: 'Closed',
  withdrawn: 'Withdrawn',
  erased: 'Erased',
} as const

export const declineReasons = {
  out_of_remit: 'Outside what we do',
  no_capacity: 'No capacity',
  released: 'The person was released',
  removed: 'The person was removed',
  no_consent: 'No consent',
  insufficient_information: 'Not enough information',
  conflict: 'Conflict of interest',
} as const

export type State = keyof typeof states
export type DeclineReason = keyof typeof declineReasons
