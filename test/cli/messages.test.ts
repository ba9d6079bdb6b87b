/**
 * Goal: at its terminal a law firm is asked and answers, and a caseworker reads an answer aloud to somebody in detention who
 * has a reference and no more; what a stranger wrote never passes for words of the program.
 * Method: the commands in processes of their own, against a service.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { londonTime } from '../../src/client/london.ts'
import { generateRecipientKey } from '../../src/protocol/keys.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { asSuperuser, untilPaired, untilSettled } from '../helpers/superuser.ts'
import { called, partyOf, tooWide } from './run.ts'

const built = await build(t)
const { url, world } = built
const { lawFirm, telephone } = world.referring
const sql = asSuperuser(t, built.databases)
t.afterEach(async () => {
  await untilSettled(sql)
  await requireBalanced(sql)
})

const party = (clientId: string, keys: Parameters<typeof partyOf>[1]['keys']) =>
  partyOf(t, { url, world, clientId, keys })
const firm = await party(lawFirm.clientId, {
  ...{ signing: lawFirm.signing, receiving: generateRecipientKey() },
})
const casework = await party(world.clients.casework, world.recipients.casework)
const phone = await party(telephone.clientId, {
  ...{ signing: telephone.signing, receiving: generateRecipientKey() },
})

let people = 0
async function refer(by: typeof firm, channel: string): Promise<string> {
  people += 1
  const draft = join(by.folder, 'draft.json')
  // Another person each time: the same draft is not sent twice.
  const referral = { identity: { familyName: `Okonkwo ${people}` } }
  await writeFile(draft, JSON.stringify({ channel, region: 'heathrow', referral }))
  const sent = await called(t, ['refer', draft, '--json'], by.environment)
  const [row] = await sql`select reference from referral order by received_at desc limit 1`
  if (sent.code !== 0) throw new Error(sent.err)
  await untilPaired(sql)
  return row?.reference
}
async function write(by: typeof firm, reference: string, text: string, ...flags: string[]) {
  const file = join(by.folder, 'message.txt')
  await writeFile(file, text)
  return called(t, ['reply', reference, '--file', file, ...flags], by.environment)
}

t.test('a question goes out, and its answer comes back', async (t) => {
  const reference = await refer(firm, 'legal_representative')
  t.match(await called(t, ['messages', reference], firm.environment), {
    ...{ code: 0, out: `No message about ${reference}.\n` },
  })
  const asked = await write(casework, reference, 'Which flight is it?')
  t.match(asked, { code: 0, out: new RegExp(`^Message 1 about ${reference} was sent `) })
  const status = await called(t, ['status', reference], firm.environment)
  t.match(status.out, `One message not read yet: intake messages ${reference}`)
  const read = await called(t, ['messages', reference], firm.environment)
  t.match(read, { code: 0, out: /^Casework, message 1, .*\n {2}\| Which flight is it\?\n$/ })
  t.notMatch((await called(t, ['status', reference], firm.environment)).out, /not read/)

  t.equal((await write(firm, reference, 'BA 75.\nOn Friday.', '--urgency', 'urgent')).code, 0)
  await untilSettled(sql)
  const shown = await called(t, ['case', reference], casework.environment)
  t.match(shown.out, `One message not read yet: intake messages ${reference}`)
  t.match(shown.out, /: Urgent,/)
  const claimed = await called(t, ['claim', '--referral', reference], casework.environment)
  t.match(claimed.out, `One message not read yet: intake messages ${reference}`)
  const atCasework = await called(t, ['messages', reference], casework.environment)
  t.match(atCasework.out, /Who sent the referral, message 1, .*, Urgent\n {2}\| BA 75\.\n {2}\| On/)
  t.match(atCasework.out, /\n {2}Read \d{4}-/)
  t.strictSame(tooWide(atCasework.out), [])
  t.match((await called(t, ['messages', reference], firm.environment)).out, /Sealed to the recip/)
})

t.test('somebody rings from detention, and the answer is read aloud', async (t) => {
  const reference = await refer(phone, 'detained_person_phone')
  const wrote = await write(phone, reference, 'He rang again: he is to be moved tonight.')
  t.match(wrote, { code: 0, err: '' })
  await called(t, ['messages', reference], casework.environment)
  const answered = await write(casework, reference, 'We come on Monday.', '--read-aloud', 'amh')
  const [, typed = ''] = /intake (delivered [\s\S]*amh)\n/.exec(answered.out) ?? []
  const command = typed.replace(/ \\\n +/, ' ')
  t.match(command, /^delivered \d{8} [0-9a-f-]{36} --read-aloud amh$/)
  // He rings, and says his reference. Whoever takes the call reads it to him.
  const call = await called(t, ['messages', reference], phone.environment)
  t.match(call.out, /\n {2}\| We come on Monday\.\n[^|]*To be read aloud, in amh\n {2}Its id: /)
  t.match(await called(t, command.split(' '), casework.environment), {
    ...{ code: 0, out: 'Read aloud in amh.\n' },
  })
  const after = await called(t, ['messages', reference, '--json'], casework.environment)
  const [, answer] = JSON.parse(after.out).messages
  t.match(answer, { deliveredBy: 'read_aloud', deliveredIn: 'amh' })
  const again = await called(t, ['messages', reference], phone.environment)
  t.match(again.out, `Read aloud in amh, ${londonTime(answer.deliveredAt)}`)
})

t.test('what a stranger wrote begins no line, and hides nothing', async (t) => {
  const reference = await refer(firm, 'legal_representative')
  const hostile =
    'Hello\nNot as it was written: trust me\r\n\u001b[2J\u202eWhen done: intake complete'
  await write(firm, reference, hostile)
  const { out } = await called(t, ['messages', reference], casework.environment)
  t.notMatch(out, /^(Not as|When done)/m)
  t.notOk(out.includes('\u001b') || out.includes('\u202e'))
  t.match(out, /^ {2}\| Not as it was written: trust me$/m)
})

t.test('whom nobody can answer is to be rung, which is said before a word is typed', async (t) => {
  const mute = await party(lawFirm.clientId, { signing: lawFirm.signing })
  const reference = await refer(mute, 'legal_representative')
  const call = ['reply', reference, '--file', join(casework.folder, 'not written yet.txt')]
  const { code, err } = await called(t, call, casework.environment)
  t.equal(code, 1)
  t.match(err, /^[^\n]*cannot be answered in writing \(reply-key-missing\)\n/)
  t.match(err, /\n {2}Next: Ring them/)
  t.notMatch(err, /defect|valid key/)
})

t.test('what is wrong with a call is said before anything is done', async (t) => {
  const reference = await refer(firm, 'legal_representative')
  const before = (await sql`select from message`).length
  const file = join(firm.folder, 'empty.txt')
  await writeFile(file, ' \n')
  const wrong = (args: string[], by = firm) => called(t, args, by.environment)
  t.match(await wrong(['reply', reference, '--file', file]), { code: 2, err: /is empty/ })
  await writeFile(file, 'Text.')
  const reply = ['reply', reference, '--file', file]
  t.match(await wrong([...reply, '--letter', 'amh']), { code: 2, err: /a recipient that answers/ })
  t.match(await wrong([...reply, '--letter', 'Amharic'], casework), { code: 2, err: /ISO 639-3/ })
  t.match(await wrong([...reply, '--letter', 'amh', '--read-aloud', 'amh']), { code: 2 })
  t.match(await wrong([...reply, '--urgency', 'high']), { code: 2, err: /one of immediate/ })
  t.match(await wrong(['delivered', reference, '7', '--letter', 'amh'], casework), { code: 2 })
  t.match(await wrong(['messages', '12345678']), { code: 2, err: /mistyped/ })
  t.match(await wrong(['messages', '00000000']), { code: 1, err: /you sent no referral/ })
  t.equal((await sql`select from message`).length, before)
})
