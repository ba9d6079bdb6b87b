/**
 * Goal: lists of a service that lies have an end, and what it names a page by runs nothing in a shell.
 * Method: the command line's own parts, and a reader that says what a test wants.
 */
import t from 'tap'
import { exposureOf } from '../../src/cli/auditor/asking.ts'
import { allSince } from '../../src/cli/partner/status.ts'
import { keepReferences, summaryLine } from '../../src/cli/recipient/board.ts'
import { createFollower } from '../../src/cli/recipient/following.ts'
import { leaseOf } from '../../src/cli/recipient/lease.ts'
import { moreWords } from '../../src/cli/recipient/paging.ts'
import { newId, type Reader, type Summary } from '../../src/client/index.ts'

/** A reader of which one method answers, at most so often as no honest list has pages. */
function readerOf(name: 'ownClaims' | 'unchecked', answer: (page: number) => object) {
  let pages = 0
  const method = async () => {
    pages += 1
    if (pages > 20_000) throw new RangeError('it never ends')
    return answer(pages)
  }
  return { reader: { [name]: method } as unknown as Reader, pages: () => pages }
}

t.test('a claim is looked for on as many pages as there may be', async (t) => {
  for (const next of [() => 'the-same', (page: number) => `page-${page}`]) {
    const { reader } = readerOf('ownClaims', (page) => ({ claims: [], next: next(page) }))
    const looking = leaseOf(reader, { claimId: newId(), fence: undefined })
    await t.rejects(looking, { name: 'BadAnswer', message: /no end/ })
  }
})

t.test(
  'a list of unchecked referrals that turns in a circle is left, as at a signal',
  async (t) => {
    const page = (next: string) => ({ epoch: 1, referralIds: [], next })
    const circle = readerOf('unchecked', () => page('the-same'))
    const following = createFollower(
      circle.reader,
      () => {},
      () => false,
    )
    await t.rejects(following.pass(), { name: 'BadAnswer', message: /no end/ })
    t.equal(circle.pages(), 2)
    const endless = readerOf('unchecked', (number) => page(`page-${number}`))
    await createFollower(
      endless.reader,
      () => {},
      () => endless.pages() === 3,
    ).pass()
    t.equal(endless.pages(), 3)
  },
)

t.test('what became of referrals is read to an end, whatever the service says', async (t) => {
  const referral = { reference: '', receivedAt: '', state: 'received', changedAt: '', unread: 0 }
  for (const next of [() => 'the-same', (page: number) => `page-${page}`]) {
    let pages = 0
    const states = async () => {
      pages += 1
      if (pages > 20_000) throw new RangeError('it never ends')
      const referrals = Array.from({ length: 500 }, (_, at) => ({
        ...referral,
        referralId: `${at}`,
      }))
      return { referrals, next: next(pages) }
    }
    await t.rejects(allSince({ states }, undefined), { name: 'BadAnswer', message: /no end/ })
    t.ok(next(1) !== next(2) || pages === 2, 'a circle is left when it is seen')
  }
})

t.test(
  'what changes while it is read is told once, as it stands then, and in its place',
  async (t) => {
    const stand = { reference: '', receivedAt: '', changedAt: '', unread: 0 }
    const all = Array.from({ length: 500 }, (_, at) => {
      return { ...stand, referralId: `${at}`, state: 'received' }
    })
    const pages = [
      { referrals: all, next: 'b' },
      { referrals: [{ ...all[7]!, state: 'accepted' }], next: 'c' },
    ]
    const { referrals, next } = await allSince({ states: async () => pages.shift()! }, undefined)
    t.equal(next, 'c')
    t.equal(referrals.length, 500)
    t.match(referrals.at(-1), { referralId: '7', state: 'accepted' })
  },
)

t.test('of what a key opens there are as many pages as there may be', async (t) => {
  let pages = 0
  const get = async () => {
    pages += 1
    if (pages > 20_000) throw new RangeError('it never ends')
    return Response.json({ clients: [], referrals: [], next: `page-${pages}` })
  }
  const asking = exposureOf(get, new URLSearchParams({ kid: 'a key' }))
  await t.rejects(asking, { name: 'BadAnswer', message: /no end/ })
})

t.test('a cursor is printed to be copied only where it has the form of one', (t) => {
  t.same(moreWords(undefined), [])
  t.same(moreWords('abc_DEF-1'), ['More: --cursor=abc_DEF-1'])
  for (const next of ['x; rm -rf .', '$(id)', '`id`', "x' --url=y", 'x\ny', '']) {
    t.notMatch(moreWords(next).join(), /--cursor/, next)
  }
  t.end()
})

t.test('of the references of items the newest thousand are kept', (t) => {
  const references = new Map<string, string>()
  const item = (itemId: string) => ({ itemId, references: [`of ${itemId}`] })
  const all = Array.from({ length: 5_000 }, (_, index) => item(String(index)))
  keepReferences(references, all)
  keepReferences(references, [item('4000'), { itemId: 'none', references: [] }])
  t.equal(references.size, 1_000)
  t.same([...references.keys()].slice(-2), ['4000', 'none'])
  t.equal(references.get('4999'), 'of 4999')
  t.end()
})

t.test('figures that are none are left out of the line that sums the queue up', (t) => {
  const figures = { waiting: 2, leased: 0, escalated: 0, parked: 0, overdue: 0 }
  const byUrgency = { immediate: figures, newer: null, other: { waiting: ' 5\n' }, third: 7 }
  const summary = { at: '', byRegion: [], ...figures, byUrgency } as unknown as Summary
  t.equal(summaryLine(summary), '2 waiting (immediate 2), 0 held, 0 escalated')
  t.end()
})
