import t from 'tap'
import { build } from '../helpers/build.ts'
import { publishKeyset } from '../helpers/publish.ts'
import { refer } from '../helpers/referral.ts'
import { addVolunteer } from '../helpers/volunteer.ts'
import { called, partyOf, unbroken } from './run.ts'

t.test('a grant is given, listed, opened and taken back by commands', async (t) => {
  const built = await build(t)
  const { url, world } = built
  const volunteer = await addVolunteer(built, ['interpreting', 'clinical'])
  const casework = await partyOf(t, {
    ...{ url, world, clientId: world.clients.casework },
    keys: world.recipients.casework,
  })
  const clinician = await partyOf(t, {
    ...{ url, world, clientId: volunteer.clientId },
    keys: volunteer.keys,
  })
  const { acknowledgement } = await refer(built)
  const { reference } = acknowledgement
  const by = async (party: typeof casework, ...args: string[]) =>
    unbroken(await called(t, args, party.environment))

  const chosen = ['--compartments', 'interpreting,clinical']
  const given = await by(casework, 'grant', reference, '--to', 'Volunteer', ...chosen)
  t.match(given.out, /Volunteer may open .*clinical.*, until \d{4}-\d\d-\d\d/, given.err)
  t.match(await by(casework, 'grants', reference), { code: 0, out: /Volunteer: .*by Casework/ })
  const opened = await by(clinician, 'open', reference, '--json')
  t.strictSame(Object.keys(JSON.parse(opened.out).compartments).sort(), [
    'clinical',
    'interpreting',
  ])

  await by(casework, 'revoke', reference, '--to', 'Volunteer')
  const days = [
    ['2030-07-24', '2030-07-24 23:59:59'],
    ['24 december 2030', '2030-12-24 23:59:59'],
    ['2030-07-24 17:00', '2030-07-24 17:00:00'],
    ['2030-07-24T17:00:00Z', '2030-07-24 18:00:00'],
  ]
  for (const [day = '', end] of days) {
    const ran = await by(casework, 'grant', reference, '--to=Volunteer', ...chosen, '--until', day)
    t.match(ran.out, `until ${end} in London`, ran.err)
    t.match((await by(casework, 'grants', reference)).out, `until ${end} in London`)
    await by(casework, 'revoke', reference, '--to', 'Volunteer')
  }
  for (const day of ['2030-02-30', '31 April 2030', '24.12.2030', 'tomorrow']) {
    const ran = await by(casework, 'grant', reference, '--to=Volunteer', ...chosen, '--until', day)
    t.match(ran, { code: 2, err: /^--until is a day or a time such as 2026-12-24/ })
  }
  await by(casework, 'grant', reference, '--to', 'Volunteer', ...chosen)
  t.match(await by(clinician, 'documents', 'list', reference), {
    ...{ code: 0, out: /^None\.\n[\s\S]*documents of messages are not shown/ },
  })

  const again = await by(casework, 'grant', reference, '--to', 'Volunteer', ...chosen)
  t.match(again, { code: 1, err: /can open this referral already/ })
  t.match(await by(casework, 'revoke', reference, '--to', 'Volunteer'), {
    code: 0,
    out: /stays known/,
  })
  t.match(await by(casework, 'grants', reference), { out: /Nobody was granted it/ })
  t.equal((await by(clinician, 'open', reference)).code, 1)

  t.match(await by(casework, 'rotate-key', '--to', 'Clinic'), {
    code: 0,
    out: /0 passed on to Clinic, 0 left/,
  })
  t.comment('the clinic goes, and what it was sealed Casework was sealed as well')
  const { clinic } = world.recipients
  const recipients = world.keyset.recipients.filter(({ kid }) => kid !== clinic.receiving.kid)
  await publishKeyset(built, { ...world.keyset, recipients })
  const leaving = await partyOf(t, {
    ...{ url, world, clientId: world.clients.clinic },
    keys: clinic,
  })
  t.match(await by(leaving, 'rotate-key', '--to', 'Casework', '--revoke'), {
    code: 0,
    out: /^0 passed on to Casework, 0 left\n1 wraps of the key that goes stay: Casework opens them since/,
  })
  t.equal((await by(leaving, 'open', reference)).code, 0, 'as it says')
  t.match(await by(leaving, 'messages', reference), { code: 0, out: /^No message/ })

  const wrong = await by(casework, 'grant', reference, '--to', 'Volunteer', '--compartments', 'all')
  t.equal(wrong.code, 2)
})
