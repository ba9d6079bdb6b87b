import type { Static } from 'typebox'
import * as Type from 'typebox'
import {
  adultsAtRiskLevels,
  bailStages,
  hearingKinds,
  legalStages,
  nrmStages,
  rule35Limbs,
  rule35Statuses,
} from '../codes/legal.ts'
import { group, question, yesOrNo } from './answer.ts'
import { code } from './code.ts'
import { day, email, name, note, page, phone, shaped, when } from './text.ts'

const representative = question(
  {
    firm: Type.Optional(name('The firm.')),
    name: Type.Optional(name('The person who acts.')),
    phone: Type.Optional(phone('Their number.')),
    email: Type.Optional(email('Their address.')),
    legalAid: Type.Optional(yesOrNo('Whether legal aid pays.')),
    ceasedActing: Type.Optional(yesOrNo('Whether they have stopped acting.')),
  },
  'Whether the person has a lawyer, and who that is.',
)

const removal = question(
  {
    noticeOfIntention: Type.Optional(day('When the notice of intention to remove was given.')),
    departureDetails: Type.Optional(page('What the notice of departure details says.')),
    removalAt: Type.Optional(when('When the person is to be removed.')),
    destination: Type.Optional(shaped('^([A-Z]{2}|XXX)$', 'ISO 3166-1 alpha-2.')),
  },
  'Whether removal has been announced, and for when.',
)

const Hearing = group(
  {
    at: when('When.'),
    kind: Type.Optional(code(hearingKinds, 'Of what kind.')),
    venue: Type.Optional(note('Where, or by video.')),
  },
  'One hearing.',
)

const Bail = group(
  {
    stage: code(bailStages, 'Where an application for bail stands.'),
    hearingAt: Type.Optional(when('When bail is to be heard.')),
    note: Type.Optional(note('Conditions, address, supporters.')),
  },
  'Bail.',
)

const Rule35 = group(
  {
    limb: code(rule35Limbs, 'Under which limb.'),
    status: code(rule35Statuses, 'Where it stands.'),
    on: Type.Optional(day('Since when it stands there.')),
  },
  'One report, or the request for one. Neither rule applies in prisons.',
)

export const Legal = group(
  {
    representative: Type.Optional(representative),
    stage: Type.Optional(code(legalStages, 'Where the case stands.')),
    removal: Type.Optional(removal),
    hearings: Type.Optional(
      Type.Array(Hearing, { maxItems: 20, description: 'Those to come, and the last one.' }),
    ),
    bail: Type.Optional(Bail),
    nrm: Type.Optional(code(nrmStages, 'National referral mechanism for trafficking.')),
    rule35: Type.Optional(
      Type.Array(Rule35, { maxItems: 20, description: 'Three limbs, each asked for repeatedly.' }),
    ),
    adultsAtRiskLevel: Type.Optional(code(adultsAtRiskLevels, 'As the Home Office has decided.')),
  },
  'The immigration case.',
)

export type Legal = Static<typeof Legal>
