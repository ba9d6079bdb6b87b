// Goal: pairing costs the same among a thousand cases and among a million, which it does as long as
// both look-ups of match values go through an index. Method: the plans that PostgreSQL itself logs
// for the statements of the step, on a database that has been in use.
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { newcomers, receive } from '../../bench/matching/newcomers.ts'
import { populate } from '../../bench/matching/population.ts'
import { openOffice, pairOne } from '../../bench/matching/stand.ts'
import { holdCeremony } from '../../examples/ceremony.ts'
import { logPlans, plansIn } from '../helpers/plans.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const people = 3000
/** A prepared statement has its final plan after five (PostgreSQL 18, "PREPARE"). */
const referrals = 20

const databases = await cloneDatabase()
t.teardown(() => databases.drop())
const sql = asSuperuser(t, databases)

t.test('pairing looks match values up by index, and never reads them all', async (t) => {
  const tokenKeyFile = join(t.testdir(), 'token-key.pem')
  const { ownerUrl } = databases
  await holdCeremony({ ownerUrl, origin: 'intake.test', tokenKeyFile })
  await populate(databases.superuserUrl, people, () => {})
  await logPlans(sql)
  const { office, pid } = await openOffice(people, sql, databases.url)
  t.teardown(() => office.database.close())
  const came = newcomers(2 * referrals, people)
  await receive(sql, came)
  for (const referral of came.slice(referrals)) await pairOne(office, referral)
  // And several that wait at the same time.
  for (let at = 0; at < referrals; at += 3) {
    const ids = came.slice(at, Math.min(at + 3, referrals)).map(({ id }) => id)
    await sql`insert into pairing (referral_id, queued_at) select unnest(${ids}::uuid[]), now()`
    while ((await sql`select from pairing`).length > 0) await office.pairing.run()
  }

  const [{ folder }] = await sql<[{ folder: string }]>`
    select current_setting('data_directory') as folder`
  const plans = plansIn(await readFile(join(dirname(folder), 'postgres.log'), 'utf8'), pid)
  const scans = plans
    .flatMap(({ nodes }) => nodes)
    .filter((node) => node['Relation Name'] === 'match_value')
    .map((node) => `${node['Node Type']} by ${node['Index Name']}`)
  t.ok(scans.length >= 3 * referrals, 'its own values, who shares them, and what those have')
  const together = plans.filter(({ statement }) => /select distinct own/.test(statement))
  t.equal(together.length, Math.ceil(referrals / 3), 'who of several shares values')
  t.same([...new Set(scans)].sort(), [
    'Index Only Scan by match_value_referral_id_epoch_type_value_pk',
    'Index Only Scan by match_value_shared',
  ])
})
