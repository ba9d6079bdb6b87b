/** The doors of recipients to single referrals. Match keys that have changed are work for the background, at once. */
import type { Caller, KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import type { AppendRefusal } from './grants.ts'
import type { GrantsRequest } from './grantschemas.ts'
import type { MatchKeysRequest } from './schemas.ts'
import * as recipients from './service.ts'

type Options = {
  readonly database: Database
  /** Tells the background work that there is some. */
  readonly wake: () => void
  readonly appendRefusal: AppendRefusal
  /** How many referrals one client opens in an hour without a claim. */
  readonly openingsPerHour: number
}

export function createReading({ database, wake, appendRefusal, openingsPerHour }: Options) {
  const door =
    <By extends Caller, Args extends unknown[], Result>(
      act: (tx: Tx<By>, ...args: Args) => Promise<Result>,
    ) =>
    (caller: By, ...args: Args) =>
      database.inTransaction(caller, (tx) => act(tx, ...args))
  const checkKeys = door(recipients.checkMatchKeys)
  return {
    open: door((tx: Tx<KnownCaller>, name: string, recipient: string) =>
      recipients.open(tx, name, recipient, openingsPerHour),
    ),
    async checkMatchKeys(caller: KnownCaller, name: string, request: MatchKeysRequest) {
      const checked = await checkKeys(caller, name, request)
      if (checked.before !== 'same') wake()
      return checked
    },
    stateUrgency: door(recipients.stateUrgency),
    close: door(recipients.close),
    give: door(recipients.give),
    giveSeveral: door((tx: Tx<KnownCaller>, request: GrantsRequest) =>
      recipients.giveSeveral(tx, request, appendRefusal),
    ),
    listGrants: door(recipients.listGrants),
    revoke: door(recipients.revoke),
    listWraps: door(recipients.listWraps),
    giveUp: door(recipients.giveUp),
    listWithdrawals: door(recipients.listWithdrawals),
    decideWithdrawal: door(recipients.decideWithdrawal),
  }
}
