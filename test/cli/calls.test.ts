/**
 * Goal: a wrong call does nothing, ends with exit code 2, and says what would be right.
 * Method: a table of calls in this process. None of them comes as far as a key or a service.
 */
import t from 'tap'
import { type Command, readInput } from '../../src/cli/command.ts'
import { faultOf, wordsOf } from '../../src/cli/report.ts'
import { Refusal } from '../../src/errors.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { called } from './run.ts'

const [one, two] = [newId(), newId()]
const complete = ['complete', one, '--fence', '1', '--referral', two]
const outcomes = ['accepted', 'declined', 'redirected', 'unopenable']
const mistyped = /the reference has a mistyped digit/

/** What is asked for, and the right values, of which the words must name each. */
const rows: [args: string[], flag: string, right: string[]][] = [
  [[...complete, '--outcome', 'done'], 'outcome', outcomes],
  [
    [...complete, '--outcome', 'declined', '--reason', 'no'],
    'reason',
    ['out_of_remit', 'no_capacity', 'released', 'removed', 'no_consent', 'conflict'],
  ],
  [[...complete, '--outcome', 'declined'], 'reason', ['no_capacity', 'out_of_remit']],
  [
    [...complete, '--outcome', 'unopenable', '--step', 'opening'],
    'step',
    ['shape', 'keyset', 'signature', 'wrap', 'commitment', 'plaintext'],
  ],
  [[...complete, '--outcome', 'unopenable'], 'step', ['shape', 'plaintext']],
  [['judge', one, two, '--decision', 'maybe'], 'decision', ['same', 'different', 'unsure']],
  [['judge', one, two], 'decision', ['same', 'different', 'unsure']],
  [['split', one, '--referral', two, '--decision', 'same'], 'decision', ['different', 'unsure']],
]

for (const [args, flag, right] of rows) {
  t.test(`intake ${args[0]} lists what --${flag} may be`, async (t) => {
    const { code, out, err } = await called(t, args)
    t.same([code, out], [2, ''])
    const [, list = ''] =
      new RegExp(`^--${flag} is one of (.*)\nSee: intake ${args[0]} --help\n$`).exec(err) ?? []
    const listed = list.split(', ')
    for (const value of right) t.ok(listed.includes(value), `${value} in ${err}`)
    const said = JSON.parse((await called(t, [...args, '--json'])).err)
    t.equal(said.problem.title, `--${flag} is one of ${list}`)
  })
}

t.test('a value of another outcome is refused, and the list is the very one', async (t) => {
  const other = ['--reason', 'no_capacity', '--outcome']
  t.match(await called(t, [...complete, ...other, 'accepted']), { code: 2, err: /does not go/ })
  t.match(await called(t, [...complete, '--outcome', 'maybe']), {
    err: new RegExp(`is one of ${outcomes.join(', ')}\n`),
  })
  t.match(await called(t, ['complete', one, '--fence', '1']), { code: 2, err: /--referral/ })
})

t.test('a refusal with nothing to add to its title says it once', async (t) => {
  const lines = (detail: string) => wordsOf(faultOf(new Refusal('erased', detail))).split('\n')
  const [title, next] = ['The referral was erased (erased)', /^ {2}Next: /]
  t.match(lines('the referral was erased'), [title, next])
  t.match(lines('The referral was erased.'), [title, next])
  t.match(lines('the referral was erased today'), [title, '  the referral was erased today', next])
})

t.test('a mistyped reference is a wrong call wherever an id goes', async (t) => {
  const wrong = '12345672'
  const done = ['--fence', '1', '--referral', two, '--outcome', 'accepted']
  const calls = [
    ['open', wrong],
    ['renew', wrong, '--fence', '1'],
    ['release', wrong, '--fence', '1'],
    ['complete', wrong, ...done],
    ['complete', one, ...done, '--referral', wrong],
    ['close', wrong],
    ['case', wrong],
    ['possible', wrong],
    ['find', '--reference', wrong],
    ['judge', one, wrong, '--decision', 'same'],
    ['merge', wrong, one],
    ['split', one, '--referral', wrong, '--decision', 'unsure'],
    ['split', wrong, '--referral', two, '--decision', 'unsure'],
  ]
  for (const args of calls) {
    t.match(await called(t, args), { code: 2, out: '', err: mistyped }, args.join(' '))
  }
})

t.test('help for words that no command begins with is a wrong call as well', async (t) => {
  t.match(await called(t, ['nonsense', '--help']), { code: 2, out: '', err: /no such command/ })
  t.match(await called(t, ['keys', '--help']), { code: 0, out: /keys generate/ })
})

t.test('a value may begin with a dash, as one key id in 64 does; a flag is no value', async (t) => {
  for (const value of ['-f-yWxh-GN4DUtpgFxYrVQ', '--fyWxh-GN4DUtpgFxYrVQ', '-1']) {
    const { code, err } = await called(t, ['judge', one, two, '--decision', value])
    t.equal(code, 2)
    t.match(err, /^--decision is one of/, value)
  }
  const { code, err } = await called(t, ['judge', one, two, '--decision', '--json'])
  t.equal(code, 2)
  t.notMatch(err, /is one of/)
  // Behind `--` all are operands, and `open` takes one.
  const [apart, together] = [
    await called(t, ['open', '--', '--out', one]),
    await called(t, ['open', '--', `--out=${one}`]),
  ]
  t.equal(apart.code, 2)
  t.not(apart.err, together.err)
})

t.test('a flag of the form of a key id is neither a value nor an operand', async (t) => {
  const flag = 'a-word-of-20-letters'
  const command: Command = {
    operands: 'KID',
    summary: '',
    operandsMin: 0,
    operandsMax: 1,
    options: { kid: { value: 'KID', help: '' }, [flag]: { help: '' } },
    run: async () => ({ text: '', value: undefined }),
  }
  const { operands, given } = readInput(command, [`--${flag}`])
  t.same([operands, given(flag)], [[], true])
  t.throws(() => readInput(command, ['--kid', `--${flag}`]), { message: /ambiguous/ })
})
