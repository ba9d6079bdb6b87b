/**
 * Goal: whoever writes a client in another language reads from `intake conform` alone what is wrong.
 * Method: calls in this process, on an envelope that conforms and on one that errs in several ways.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { TestWorld } from '../../src/client/conform.ts'
import { decodeBase64url } from '../../src/protocol/bytes.ts'
import type { Envelope } from '../../src/protocol/envelope/envelope.ts'
import { type SealInput, sealReferral } from '../../src/protocol/envelope/seal.ts'
import { signingKeyFrom } from '../../src/protocol/keys.ts'
import { acceptKeyset } from '../../src/protocol/trust/keyset.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { completeReferral, type Draft } from '../../src/referral/draft.ts'
import { called, folderOf } from './run.ts'

const world: TestWorld = JSON.parse(await readFile('openapi/conformance.json', 'utf8'))
const now = new Date()
const referral = { identity: { familyName: 'Rahimi' }, narrative: { story: 'Says she is cold.' } }
const draft: Draft = { channel: 'legal_representative', region: 'heathrow', referral }

function sealed(changes: Partial<SealInput> = {}): Envelope {
  return sealReferral({
    ...{ referral: completeReferral(referral), referralId: newId(), urgency: 'urgent', now },
    ...{ channel: draft.channel, region: draft.region },
    keyset: acceptKeyset(world.keyset, world.trust, undefined, now),
    signer: signingKeyFrom(decodeBase64url(world.signer.seed, 32)),
    ...changes,
  })
}

const folder = await folderOf(t)
async function file(name: string, value: unknown): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}
const drafted = await file('draft.json', draft)

const conform = (...args: string[]) => called(t, ['conform', ...args])

t.test('an envelope that is right conforms, with its draft and without', async (t) => {
  const path = await file('right.json', sealed())
  const right = { code: 0, out: `${path} conforms.\n`, err: '' }
  t.strictSame(await conform(path), right)
  t.strictSame(await conform(path, '--draft', drafted), right)
  t.strictSame(JSON.parse((await conform(path, '--json')).out), { complaints: [] })
})

t.test('each complaint is a line that fits a terminal, and the exit code is 1', async (t) => {
  const other = completeReferral({ ...referral, identity: { familyName: 'Rahim' } })
  const envelope = sealed({ referral: other, urgency: 'standard', region: 'unknown' })
  const path = await file('wrong.json', envelope)
  const alone = await conform(path)
  t.match(alone, {
    code: 1,
    out: /^urgency: \/header\/urgency the rules propose urgent: /,
    err: '',
  })
  const { code, out } = await conform(path, '--draft', drafted)
  t.equal(code, 1)
  for (const line of out.split('\n')) t.ok(line.length <= 80, line)
  for (const place of ['/header/region', '/header/urgency', '/identity/familyName']) {
    t.match(
      out,
      new RegExp(`^draft: ${place} was sealed otherwise than it stands in the draft$`, 'm'),
    )
  }
  const { complaints } = JSON.parse((await conform(path, '--draft', drafted, '--json')).out)
  t.equal(complaints.length, out.match(/^\S/gm)?.length)
  t.match(complaints[0], { part: 'urgency', pointer: '/header/urgency' })
})

t.test('what is no envelope is told so, and a wrong call is another exit code', async (t) => {
  const none = await file('none.json', { a: '\u001b[2K' })
  t.match(await conform(none), { code: 1, out: /^\S+: \S/, err: '' })
  const cut = await file('cut.json', '{"header":')
  t.match(await conform(cut), { code: 1, out: '', err: /cut\.json is not JSON in UTF-8/ })
  t.match(await conform(join(folder, 'absent')), { code: 1, out: '', err: /there is no such file/ })
  for (const args of [[], [none, none], [none, '--drafts', drafted]]) {
    t.match(await conform(...args), { code: 2, out: '', err: /See: intake conform --help/ })
  }
})
