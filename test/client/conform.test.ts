// Goal: an envelope of another client is told all that is wrong with it, and nothing where it is right.
// Method: the second implementation seals a draft to the published test recipients; then it errs in
// one way at a time, as clients in other languages do.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { conform, type TestWorld } from '../../src/client/conform.ts'
import { acceptKeyset } from '../../src/protocol/trust/keyset.ts'
import { checkDraft } from '../../src/referral/draft.ts'
import { proposeUrgency } from '../../src/referral/urgency.ts'
import * as second from '../protocol/second.ts'
import { copy } from '../protocol/world.ts'
import vectors from '../vectors/sealed-referral-1.json' with { type: 'json' }

const world: TestWorld = JSON.parse(readFileSync('openapi/conformance.json', 'utf8'))
const keyset = acceptKeyset(world.keyset, world.trust, undefined, new Date('2026-11-22T09:30:00Z'))
const draft = {
  channel: 'legal_representative' as const,
  region: 'heathrow' as const,
  referral: { identity: { familyName: 'Rahimi' }, narrative: { story: 'Says she is cold.' } },
}
const checked = checkDraft(draft)
if (checked.refusal !== undefined) throw new Error('the draft cannot be sealed')
const { referral } = checked
const proposed = proposeUrgency(referral, new Date()).urgency

type Referral = Record<string, unknown>
type Header = Parameters<typeof second.seal>[1]

async function sealed(said: Referral = referral, changes: Partial<Header> = {}) {
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  const header = {
    ...{ protocol: 'sealed-referral/1', kind: 'referral', origin: world.trust.origin },
    referralId: '01935f3a-7c00-7000-8000-000000000001',
    keyset: { version: 1, sha256: keyset.sha256 },
    staleKeyset: false,
    signer: world.signer.kid,
    ...{ channel: draft.channel, urgency: proposed, region: draft.region },
    ...changes,
  } as Header
  const { recipients } = keyset.keyset
  return second.seal(said, header, recipients, second.unb64u(world.signer.seed), {}, random)
}

const partsOf = (complaints: ReturnType<typeof conform>) =>
  complaints.map(({ part, pointer }) => `${part} ${pointer ?? ''}`.trim())

t.test('an envelope that is right is told so', async (t) => {
  t.strictSame(conform(await sealed(), world, draft), [])
  t.strictSame(conform(await sealed(), world), [])
  const typed = copy(draft)
  typed.referral.narrative.story = 'Aïda e\u0301crit.'
  const said = { ...referral, narrative: { story: 'Aïda \u00e9crit.' } }
  t.strictSame(conform(await sealed(said), world, typed), [], 'text is put into NFC to be sealed')
})

t.test('the test keys are those of the vectors', async (t) => {
  t.equal(world.keyset, vectors.keyset.jws)
  t.equal(world.directory, vectors.directory.jws)
})

t.test('each way to err is named', async (t) => {
  const { identity, legal } = referral as unknown as Record<string, Referral>
  const withIdentity = (changes: object) => ({ ...referral, identity: { ...identity, ...changes } })
  const rows: [what: string, parts: string[], envelope: unknown][] = [
    [
      'not NFC',
      ['problem /identity/familyName'],
      await sealed(withIdentity({ familyName: 'e\u0301' })),
    ],
    [
      'a fraction',
      ['problem /legal/novelty'],
      await sealed({ ...referral, legal: { ...legal, novelty: 1.5 } }),
    ],
    [
      'an identifier',
      ['problem /identity/identifiers/0/value'],
      await sealed(withIdentity({ identifiers: [{ type: 'uan', value: '12' }] })),
    ],
    ['urgency', ['urgency /header/urgency'], await sealed(referral, { urgency: 'standard' })],
    [
      'consent',
      ['consent-refused /consent'],
      await sealed({
        ...referral,
        consent: {
          ...(referral as unknown as Record<string, Referral>).consent,
          given: [{ to: 'assessment', answer: 'refused', how: 'verbal', on: '2026-11-20' }],
        },
      }),
    ],
    [
      'another keyset',
      ['unknown-keyset', 'keyset'],
      await sealed(referral, { keyset: { version: 2, sha256: keyset.sha256 } }),
    ],
    [
      'a stranger',
      ['unknown-signer', 'signer'],
      await sealed(referral, { signer: keyset.keyset.recipients[0]!.kid }),
    ],
  ]
  const blanked = copy(await sealed())
  blanked.wraps[0]!.sealedKeys = 'A'.repeat(blanked.wraps[0]!.sealedKeys.length)
  rows.push(['a blanked wrap', ['signature-invalid', 'signature'], blanked])
  rows.push(['a shape', ['unknown-property'], { ...(await sealed()), note: 'x' }])
  rows.push(['no envelope', ['malformed-request'], null])
  for (const [what, parts, envelope] of rows) {
    const found = partsOf(conform(envelope, world))
    for (const part of parts) t.ok(found.includes(part), `${what}: ${part} in ${found}`)
  }
})

t.test('what was sealed otherwise than it was drafted is named', async (t) => {
  const { contact: _, ...fewer } = (referral as unknown as Referral).contact as Referral
  const said = {
    ...referral,
    identity: { ...referral.identity, familyName: 'Rahim' },
    contact: fewer,
  }
  const found = partsOf(conform(await sealed(said, { region: 'unknown' as never }), world, draft))
  t.ok(found.includes('draft /identity/familyName'), String(found))
  t.ok(found.includes('draft /header/region'), String(found))
  t.notOk(found.some((part) => part.startsWith('draft /narrative')))
})

t.test('padding longer than needed is named', async (t) => {
  const long = vectors.mustOpen.find(({ name }) => name.startsWith('padding'))!
  const envelope = copy(vectors.sealing.envelope) as Record<string, unknown>
  for (const { pointer, value } of long.changes) {
    const [, part = '', name = ''] = pointer.split('/')
    // What a reader is given beside the envelope (the signed hashes) is not in it.
    if (!(part in envelope)) continue
    ;(envelope[part] as Record<string, unknown>)[name] = value
  }
  const found = partsOf(conform(envelope, world))
  t.ok(found.includes('padding /compartments/legal'), String(found))
  t.ok(found.includes('unknown-matching-epoch'), 'the published envelope has match values')
})
