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

/**
 * What a state may become, and nothing else; a state may also become itself. An answer that is taken
 * back, and a question that was answered, are `in_triage` again. What has its answer is not withdrawn any more: it is
 * closed.
 */
export const transitions: Readonly<Record<State, readonly State[]>> = {
  received: ['in_triage', ...answers(), 'withdrawn', 'erased'],
  in_triage: [...answers(), 'withdrawn', 'erased'],
  waiting_list: [...answers(), 'withdrawn', 'erased'],
  returned_for_information: ['in_triage', ...answers(), 'withdrawn', 'erased'],
  accepted: ['in_triage', 'closed', 'erased'],
  declined: ['in_triage', 'closed', 'erased'],
  redirected: ['in_triage', 'closed', 'erased'],
  closed: ['erased'],
  withdrawn: ['erased'],
  erased: [],
}

function answers(): readonly State[] {
  return ['accepted', 'waiting_list', 'returned_for_information', 'declined', 'redirected']
}

/** The states that may become `state`. */
export function statesBefore(state: State): State[] {
  return (Object.keys(transitions) as State[]).filter((from) => transitions[from].includes(state))
}

/** Without an answer that ends the work: it is on the queue, held, or parked there. */
export const openStates = [
  'received',
  'in_triage',
  'waiting_list',
  'returned_for_information',
] as const

/** Nothing is answered or taken back any more. */
export const finalStates = ['closed', 'withdrawn', 'erased'] as const

/**
 * What a referrer is shown. `in_triage` is for recipients only: when a referral was first claimed depends on its case, so
 * that it would tell of others about the same person.
 */
export type ShownState = Exclude<State, 'in_triage'>
export const shownStates = (Object.keys(states) as State[]).filter(
  (state): state is ShownState => state !== 'in_triage',
)
