/**
 * Goal: a law firm amends what it referred twice from its terminal, names the same reference each time, and a repeated
 * call makes no other amendment.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { called, partyOf } from '../cli/run.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { databaseApart } from '../helpers/postgres.ts'
import { refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

t.test('a law firm amends twice', async (t) => {
  const built = await build(t, { databaseOf: databaseApart })
  const { url, world } = built
  const sql = asSuperuser(t, built.databases)
  const { clientId, signing } = world.referring.lawFirm
  const { environment, folder } = await partyOf(t, { url, world, clientId, keys: { signing } })
  const draft = async (name: string, phone: string) => {
    const file = join(folder, name)
    const referral = { identity: { familyName: 'Adeyemi' }, contact: { phone } }
    await writeFile(
      file,
      JSON.stringify({ channel: 'legal_representative', region: 'kent', referral }),
    )
    return file
  }
  const run = async (...args: string[]) => {
    const ran = await called(t, ['refer', ...args, '--json'], environment)
    return { ...ran, results: ran.code === 2 ? [] : JSON.parse(ran.out || '{}').results }
  }
  const [first, second, third] = [
    await draft('first.json', '+44 7700 900001'),
    await draft('second.json', '+44 7700 900002'),
    await draft('third.json', '+44 7700 900003'),
  ]
  const one = (await run(first)).results[0]
  t.equal((await run(second, third, '--amends', one.reference)).code, 2, 'one draft at a time')
  const two = (await run(second, '--amends', one.reference)).results[0]
  const again = (await run(second, '--amends', one.reference)).results[0]
  t.match(two, { status: 'stored' })
  t.match(again, { status: 'stored-before', referralId: two.referralId })
  const three = (await run(third, '--amends', one.reference)).results[0]
  t.match(three, { status: 'stored' })
  const rows = await sql`select id, supersedes from referral order by received_at, id`
  t.strictSame(
    [...rows],
    [
      { id: one.referralId, supersedes: null },
      { id: two.referralId, supersedes: one.referralId },
      { id: three.referralId, supersedes: two.referralId },
    ],
  )
  await untilPaired(sql)
  t.equal((await sql`select distinct case_id from referral_case`).length, 1, 'one case')

  const others = await refer(built, world.referring.ngo)
  const refused = await called(t, ['refer', first, '--amends', others.referralId], environment)
  t.match(refused, { code: 1, err: /sent no referral/ })
  await requireBalanced(sql)
})
