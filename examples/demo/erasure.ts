/** Act 16: one person is erased, and the database is searched for what is left of them. */
import { type Envelope, ServiceProblem } from '../../src/client/index.ts'
import { act, show } from './screen.ts'
import type { Stage } from './stage.ts'

/** Where the id of what was erased still stands: its tombstone, and the log. */
const mayName = ['audit_entry', 'erasure', 'referral']

/** Erases a referral that had messages and documents; searches each table before and after. */
export async function erased(
  stage: Stage,
  { header, compartments, wraps }: Envelope,
): Promise<void> {
  act(16, 'One person is erased, and a search looks for what is left')
  const { referralId } = header
  const { superuser, url, world } = stage
  const messages = await superuser<{ envelope: Uint8Array }[]>`
    select envelope from message where referral_id = ${referralId}`
  // Bytes of every sealed part, as a row that is printed shows them.
  const sealed = [
    ...Object.values(compartments).map((text) => Buffer.from(text, 'base64url')),
    ...wraps.map(({ encapsulated }) => Buffer.from(encapsulated, 'base64url')),
    ...messages.map(({ envelope }) => Buffer.from(envelope)),
  ].map((bytes) => bytes.toString('hex').slice(0, 64))
  const before = await search(stage, sealed)
  show('searched before', `${before.found} of ${sealed.length} parts: ${before.tables.join(', ')}`)

  const token = await world.token(world.clients.casework)
  const answer = await fetch(`${url}/v1/referrals/${referralId}/erasure`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  const { erasedAt, backupsForgetOn } = (await answer.json()) as Record<string, string>
  const days =
    (Date.parse(`${backupsForgetOn}`) - Date.parse(`${erasedAt}`.slice(0, 10))) / 86_400_000
  show('casework erases it', `${answer.status}; backups forget it in ${days} days`)
  const after = await search(stage, sealed)
  show('searched again', `${after.searched} tables: ${after.found} of ${sealed.length} found`)
  const named = (await search(stage, [referralId])).tables
  show('its id stands in', named.join(', '))
  const [tombstone] = await superuser<Record<string, unknown>[]>`
    select * from referral where id = ${referralId}`
  const hash = tombstone?.envelope_hash as Uint8Array | undefined
  const empty = ['header', 'signature', 'sealed_hashes', 'wrap_hashes', 'signer']
  const emptied = empty.filter((name) => String(tombstone?.[name]) === '')
  show(
    'the tombstone',
    `reference ${tombstone?.reference}, a hash; ${emptied.length} of its columns emptied`,
  )
  const rows = await superuser`select from document where referral_id = ${referralId}`
  show('its documents', `${rows.length} rows; files without a row go within a minute`)
  const state = await stage.referrer('lawFirm').state(referralId)
  show('the law firm is told', state.state)
  const gone = await stage
    .reader('casework')
    .fetch(referralId)
    .catch((error: unknown) => error)
  const code =
    gone instanceof ServiceProblem ? `${gone.problem.status} ${gone.problem.code}` : 'more'
  show('casework is told', code)
  if (
    before.found !== sealed.length ||
    after.found > 0 ||
    rows.length > 0 ||
    code !== '410 erased'
  ) {
    throw new Error('something of it is left')
  }
  if (
    hash?.length !== 32 ||
    emptied.length !== empty.length ||
    named.some((table) => !mayName.includes(table))
  ) {
    throw new Error(`more than the tombstone is left: ${named}`)
  }
}

/** How many of these words stand in any row of any table, and in which tables. */
async function search({ superuser }: Stage, words: readonly string[]) {
  const names = await superuser<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by relname`
  const found = new Set<string>()
  const tables: string[] = []
  for (const { name } of names) {
    const hits = await superuser<{ word: string }[]>`
      select word from unnest(${words}::text[]) as word
      where exists (select from ${superuser(name)} held where strpos(held::text, word) > 0)`
    for (const { word } of hits) found.add(word)
    if (hits.length > 0) tables.push(name)
  }
  return { searched: names.length, found: found.size, tables }
}
