/**
 * Goal: a credential that somebody else has opens no more than a few hundred referrals an hour, and hinders no claim.
 * Method: openings through the routes of a service that allows three of a client.
 */
import t from 'tap'
import { newId } from '../../src/protocol/uuid.ts'
import { build } from '../helpers/build.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const built = await build(t, { openingsPerHour: 3 })
const sql = asSuperuser(t, built.databases)
const { url, world } = built
const { casework, clinic } = world.recipients
const callers = {
  casework: await callerOf(world, url, world.clients.casework),
  clinic: await callerOf(world, url, world.clients.clinic),
}
const { referralId } = await refer(built)
const placeOf = (id: string, kid: string) => `/v1/referrals/${id}?recipient=${kid}`
const path = placeOf(referralId, casework.receiving.kid)
const open = () => callers.casework('GET', path)

const spent = async () => {
  const [row] = await sql`
    select openings from opening_budget where client_id = ${world.clients.casework}`
  return row?.openings
}

t.test('of more at once than are left, exactly those that are left are opened', async (t) => {
  const unknown = placeOf(newId(), casework.receiving.kid)
  t.equal((await callers.casework('GET', unknown)).status, 404)
  t.equal(await spent(), undefined, 'what is not found costs nothing')
  const answers = await Promise.all(Array.from({ length: 8 }, open))
  const refused = answers.filter(({ status }) => status !== 200)
  t.equal(refused.length, 5)
  for (const { status, body, headers } of refused) {
    t.match({ status, body }, { status: 429, body: { code: 'opening-budget-spent' } })
    const seconds = Number(headers.get('retry-after'))
    t.ok(seconds > 0 && seconds <= 3600, `${seconds}`)
  }
  const opened = await sql`
    select from audit_entry
    where action = 'referral.opened' and object_id = ${referralId} and outcome = 'permitted'`
  t.equal(opened.length, 3, 'and each that left is an entry')
})

t.test('neither another client nor a claim is held up by it', async (t) => {
  t.equal((await open()).status, 429)
  const clinics = placeOf(referralId, clinic.receiving.kid)
  t.equal((await callers.clinic('GET', clinics)).status, 200)
  const recipient = casework.receiving.kid
  const claim = { recipient, max: 1, leaseSeconds: 600 }
  const { status, body } = await callers.casework('POST', '/v1/triage/claims', claim)
  t.match({ status, body }, { status: 200, body: { claims: [{ referrals: [{ referralId }] }] } })
  t.equal(await spent(), 3)
})

t.test('an hour after the first of them it begins anew', async (t) => {
  await sql`update opening_budget set began_at = began_at - interval '1 hour'`
  t.equal((await open()).status, 200)
  t.equal(await spent(), 1)
  const [row] = await sql`
    select began_at > now() - interval '1 minute' as now from opening_budget
    where client_id = ${world.clients.casework}`
  t.ok(row?.now, 'with that one')
})
