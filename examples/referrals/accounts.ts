/**
 * What each referrer tells, all invented. The key is the person (column `e`) and the source (column
 * `src`). Two accounts of one person differ, as they do: each knows another part, on another day.
 */
import type { Urgency } from '../../src/referral/codes/clear.ts'
import type { DraftReferral } from '../../src/referral/draft.ts'

export interface Account {
  /** As it was on 22 November 2026; stated, because an example keeps while the dates in it pass. */
  urgency?: Exclude<Urgency, 'standard'>
  /** Whether the region is withheld, as a referrer may. */
  regionUnknown?: true
  /** Whether the call dropped: what was said before, and nothing else, is all there is. */
  dropped?: true
  story: string
  answers?: DraftReferral
}

const yes = (details: string) => ({ details })

export const accounts: Record<string, Account> = {
  '2420 self': {
    story:
      'ضربوني في السجن في سوريا لمدة ثلاثة أشهر. عندي آثار على ظهري وقدمي. لا أنام ليلاً. أريد طبيباً يرى هذه الآثار ويكتب عنها.',
    answers: {
      clinical: {
        requested: ['mlr_torture_scarring'],
        torture: yes('Beaten on back and soles in prison, three months. Scars.'),
        mentalHealth: yes('Does not sleep.'),
      },
    },
  },
  '2420 lawyer': {
    story:
      'Our client was held by a militia and beaten with cables. He shows scars on his back and the soles of both feet. We ask for a report on whether they are consistent with his account, for his asylum appeal. No hearing is listed yet.',
    answers: {
      legal: { stage: 'first_tier_appeal', nrm: 'not_referred', adultsAtRiskLevel: '2' },
      clinical: {
        requested: ['mlr_torture_scarring', 'mlr_psychological'],
        torture: yes('Cables, falaka. Scars on the back and both soles.'),
      },
      documents: { list: [{ type: 'refusal_letter', missingReason: 'To follow by post.' }] },
    },
  },
  '2420 ngo': {
    urgency: 'urgent',
    story:
      'Our visitor met him on Thursday. Since he was moved from the other centre he has not been given his tablets for epilepsy; he had a fit on Tuesday night and his cellmate called for help. He is frightened of the next one.',
    answers: {
      clinical: {
        requested: ['health_deterioration_letter'],
        medicationStopped: [
          { medication: 'Levetiracetam 500 mg twice a day', essential: 'yes', since: '2026-11-12' },
        ],
        conditions: [{ condition: 'Epilepsy', emergency: 'no', details: 'Fit on 17 November.' }],
      },
    },
  },
  '335 self': {
    urgency: 'immediate',
    story:
      'لم آكل منذ أربعة أيام. أشرب الماء فقط. لا أحد يسمعني هنا. قالوا لي إن الطبيب سيأتي ولم يأت أحد.',
    answers: {
      clinical: {
        requested: ['fitness_for_detention', 'medical_advice_only'],
        foodRefusalSince: '2026-11-18T12:00:00Z',
        mentalHealth: yes('Hopeless; says nobody hears him.'),
      },
    },
  },
  '335 lawyer': {
    urgency: 'soon',
    story:
      'A bail hearing is listed for 1 December. Our client has lost a great deal of weight and is confused in conference. We ask for a letter on his deterioration in detention, in time for the hearing.',
    answers: {
      legal: {
        bail: { stage: 'listed', hearingAt: '2026-12-01T10:00:00Z', note: 'By video link.' },
        hearings: [{ at: '2026-12-01T10:00:00Z', kind: 'bail' }],
      },
      clinical: { requested: ['health_deterioration_letter'] },
    },
  },
  '335 ngo': {
    story:
      'He told our volunteer at the first visit, in October, that he had been arrested twice after a demonstration and held for some weeks. He did not want to say more in the visits hall. He would speak with a doctor, alone.',
    answers: {
      clinical: {
        requested: ['mlr_psychological'],
        torture: yes('Arrested twice after a demonstration; did not want to say more.'),
      },
    },
  },
  '2160 self': {
    story:
      'كنت معلماً في دارفور. أحرقوا قريتنا. عندي وجع في الركبة والظهر منذ الضرب. أحتاج إلى محامٍ وإلى طبيب.',
    answers: {
      legal: { representative: 'no', stage: 'claim_pending' },
      clinical: {
        requested: ['mlr_torture_scarring', 'signposting_lawyer'],
        torture: yes('Village burnt, beaten; pain in knee and back since.'),
      },
    },
  },
  '2160 lawyer': {
    urgency: 'urgent',
    story:
      'Removal directions are set for 28 November. Our client disclosed torture for the first time in conference on Friday. We intend to make further submissions and need a first opinion on scarring and on his fitness to fly.',
    answers: {
      legal: {
        stage: 'further_submissions',
        removal: {
          noticeOfIntention: '2026-11-09',
          removalAt: '2026-11-28T14:30:00Z',
          destination: 'SD',
        },
      },
      clinical: {
        requested: ['mlr_torture_scarring', 'fitness_to_fly'],
        torture: yes('First disclosed on 20 November.'),
      },
      narrative: {
        questionsForClinician: 'Are the scars consistent with the account? May he fly?',
      },
    },
  },
  '2160 ngo': {
    story:
      'An older man, quiet, walks with difficulty. He says his knee was broken years ago and set badly. He waits for a decision and sleeps little. He asked us whether a doctor from outside could look at the knee.',
    answers: { clinical: { requested: ['medical_advice_only'], disability: yes('Walks badly.') } },
  },
  '1568 self': {
    urgency: 'soon',
    story:
      'My court is on third December. I was in the army and they put me in the underground prison. I told the first interpreter only half because he was a man and from my town. Please a woman doctor and a woman interpreter.',
    answers: {
      interpreting: {
        languages: [
          {
            iso639_3: 'tir',
            spoken: 'first',
            needsInterpreter: 'yes',
            interpreterGender: 'woman',
            avoid: ['Men; anyone from her home town'],
          },
          { iso639_3: 'eng', spoken: 'some', needsInterpreter: 'yes' },
        ],
      },
      legal: { hearings: [{ at: '2026-12-03', kind: 'first_tier' }] },
      clinical: {
        requested: ['mlr_psychological', 'mlr_torture_scarring'],
        torture: yes('Underground prison, as a conscript.'),
        sexualOrGenderViolence: 'unknown',
        clinicianGender: 'woman',
      },
    },
  },
  '1568 lawyer': {
    urgency: 'soon',
    story:
      'The appeal is heard on 3 December at Taylor House. The refusal letter finds our client not credible on her detention as a conscript. We ask for a psychological report; if there is no time, for a letter that an assessment is needed, in support of an adjournment.',
    answers: {
      legal: {
        stage: 'first_tier_appeal',
        hearings: [{ at: '2026-12-03T10:00:00Z', kind: 'first_tier', venue: 'Taylor House' }],
        rule35: [{ limb: 'r35_3', status: 'response_received', on: '2026-10-15' }],
      },
      clinical: {
        requested: ['mlr_psychological'],
        torture: yes('As a conscript.'),
        sexualOrGenderViolence: yes('Disclosed to her solicitor. Do not raise with a man present.'),
        clinicianGender: 'woman',
      },
      documents: {
        list: [
          { type: 'refusal_letter', missingReason: 'On request.' },
          { type: 'rule35_report', missingReason: 'On request.' },
        ],
      },
    },
  },
  '1568 ngo': {
    story:
      'She takes part in our English class and helps others to write. Since September she has come less often and says that the nights are bad. She agreed that we ask for somebody for her to talk to.',
    answers: { clinical: { requested: ['mlr_psychological'], mentalHealth: yes('Nightmares.') } },
  },
  '298 self': {
    urgency: 'urgent',
    story:
      'هر شب خواب بد می‌بینم. دیشب با تیغ دستم را بریدم. نمی‌خواهم بمیرم، فقط می‌خواهم این فکرها تمام شود. اگر مرا به کابل برگردانند، طالبان مرا می‌کشند.',
    answers: {
      detention: { acdt: { open: 'yes', level: 'intermittent' } },
      clinical: {
        requested: ['fitness_for_detention'],
        selfHarm: { active: 'yes', details: 'Cut his arm last night.' },
        suicidalThoughts: { currentPlan: 'no', details: 'Does not want to die.' },
      },
    },
  },
  '298 lawyer': {
    urgency: 'immediate',
    story:
      'Our client has been given a ticket for a charter flight on the evening of 24 November. An ACDT plan is open and he cut himself on Friday. An injunction will be sought tomorrow: we need an opinion on fitness to fly and on the risk of suicide.',
    answers: {
      detention: { acdt: { open: 'yes', level: 'intermittent' } },
      legal: {
        stage: 'judicial_review',
        removal: {
          noticeOfIntention: '2026-11-13',
          departureDetails: 'Charter, Stansted, evening of 24 November.',
          removalAt: '2026-11-24T20:00:00Z',
          destination: 'AF',
        },
      },
      clinical: {
        requested: ['fitness_to_fly', 'mlr_psychological'],
        selfHarm: { active: 'yes', details: 'Cut himself on 20 November.' },
        suicidalThoughts: { currentPlan: 'unknown' },
      },
    },
  },
  '298 ngo': {
    story:
      'He plays volleyball with our visitors on Saturdays. On 7 November he spoke about Kabul for the first time, about his brother, and showed an old burn on the shoulder. He agreed that we refer him.',
    answers: {
      clinical: {
        requested: ['mlr_torture_scarring'],
        torture: yes('Old burn on the shoulder; would not say more.'),
      },
    },
  },
  '86 self': {
    urgency: 'soon',
    regionUnknown: true,
    story:
      'Tenho audiência no dia 4 de dezembro. Eles dizem que nasci em janeiro, mas fiz dezoito anos na quarta-feira. Estou enjoada todos os dias e ninguém me explica nada. Quero falar com uma médica.',
    answers: {
      identity: { dateOfBirth: { date: '2008-11-18', disputed: 'yes' } },
      legal: { hearings: [{ at: '2026-12-04', kind: 'first_tier' }] },
      clinical: {
        requested: ['medical_advice_only'],
        pregnancy: 'unknown',
        conditions: [{ condition: 'Nausea every day', emergency: 'no' }],
        clinicianGender: 'woman',
      },
    },
  },
  '86 lawyer': {
    urgency: 'urgent',
    story:
      'Our client told us by telephone that healthcare has confirmed a pregnancy. We do not know since when she is detained; the Home Office has not answered. Her age is disputed. She may be a victim of trafficking and has been referred.',
    answers: {
      identity: { dateOfBirth: { date: '2008-01-01', disputed: 'yes' } },
      detention: { places: [{ place: 'irc-derwentside' }] },
      legal: { nrm: 'referred', adultsAtRiskLevel: '2' },
      clinical: {
        requested: ['fitness_for_detention'],
        pregnancy: 'yes',
        trafficking: yes('Brought here at sixteen to work in a house; no pay.'),
      },
    },
  },
  '86 ngo': {
    urgency: 'immediate',
    story:
      'We visited on Saturday. She is about nine weeks pregnant; healthcare tested her on the 16th. She has been here since the 10th and nobody has spoken of release. She is eighteen, alone, and very frightened.',
    answers: {
      clinical: {
        requested: ['fitness_for_detention', 'health_deterioration_letter'],
        pregnancy: { weeks: 9, since: '2026-11-16' },
        clinicianGender: 'woman',
      },
    },
  },
  '287 self': {
    story:
      'E kam mbaruar dënimin në korrik dhe ende jam këtu. Zemra më dhemb kur ngjit shkallët. Dua që një mjek nga jashtë të më shohë.',
    answers: {
      clinical: {
        requested: ['health_deterioration_letter'],
        conditions: [{ condition: 'Chest pain on stairs', emergency: 'no', details: 'For weeks.' }],
      },
    },
  },
  '287 ngo': {
    urgency: 'soon',
    story:
      'Before he was sent back to prison, healthcare in the centre refused him an appointment under rule 35, saying he was about to be moved. He has heart trouble and finished his sentence in July. He has no lawyer.',
    answers: {
      legal: {
        representative: 'no',
        stage: 'deportation',
        rule35: [{ limb: 'r35_1', status: 'refused_by_healthcare', on: '2026-11-11' }],
      },
      clinical: {
        requested: ['fitness_for_detention', 'signposting_lawyer'],
        conditions: [{ condition: 'Heart disease', emergency: 'no' }],
      },
    },
  },
  '331 self': {
    urgency: 'soon',
    story:
      'مجھے یہاں کے ڈاکٹر نے کہا کہ رول 35 نہیں ہو سکتا۔ میرے ہاتھ پر پرانے زخم ہیں۔ میری شوگر بھی ٹھیک نہیں رہتی۔',
    answers: {
      legal: { rule35: [{ limb: 'r35_3', status: 'refused_by_healthcare', on: '2026-11-17' }] },
      clinical: {
        requested: ['mlr_torture_scarring'],
        torture: yes('Old wounds on the hand.'),
        conditions: [{ condition: 'Diabetes, type 2', emergency: 'no' }],
      },
    },
  },
  '331 ngo': {
    story:
      'He has lived here for nineteen years; his wife and sons are in Glasgow. He is tired, his sugar is badly controlled and the diet does not help. He would like his condition to be seen by somebody independent.',
    answers: {
      contact: { others: [{ relationship: 'Son', mayKnow: 'yes', phone: '+441414960112' }] },
      clinical: { requested: ['medical_advice_only'] },
    },
  },
  '640 self': {
    urgency: 'urgent',
    dropped: true,
    story: 'The line broke after the name. He had begun to say something about a boat.',
  },
  '640 lawyer': {
    story:
      'We met this client once at the short-term facility. He came by small boat and is not yet booked in; his date of birth is not known to us. He described beatings in Libya. We shall act if he is transferred; he needs an assessment wherever he goes.',
    answers: {
      consent: { given: 'not_asked', capacityConcern: 'not_asked' },
      legal: { stage: 'no_claim' },
      clinical: { requested: ['mlr_torture_scarring'], torture: yes('Beatings in Libya.') },
    },
  },
  '207 lawyer': {
    story:
      'Long detention, two refusals of bail, a diagnosis of depression by the centre. We ask for a psychological report for an unlawful detention claim; the limitation period is not near.',
    answers: {
      legal: { stage: 'appeal_rights_exhausted', bail: { stage: 'refused' } },
      clinical: {
        requested: ['mlr_psychological', 'health_deterioration_letter'],
        mentalHealth: yes('Depression, diagnosed in detention.'),
      },
    },
  },
  '207 ngo': {
    urgency: 'soon',
    story:
      'We found him a surety and an address, and bail is to be heard on 30 November. The judge last time wanted something from a doctor. He has been inside since June and hardly leaves his room.',
    answers: {
      legal: { bail: { stage: 'listed', hearingAt: '2026-11-30' } },
      clinical: { requested: ['health_deterioration_letter'], mentalHealth: yes('Withdrawn.') },
    },
  },
  '2306 lawyer': {
    urgency: 'soon',
    story:
      'We asked healthcare for a rule 35 report on 9 November and again on the 16th, without an answer. Our client was held by men in Mosul as a child. A report would put her at level 3.',
    answers: {
      legal: {
        rule35: [{ limb: 'r35_3', status: 'requested', on: '2026-11-09' }],
        adultsAtRiskLevel: '1',
      },
      clinical: {
        requested: ['mlr_psychological'],
        torture: yes('Held as a child; details in her statement.'),
        clinicianGender: 'woman',
      },
      documents: { list: [{ type: 'witness_statement', missingReason: 'Being translated.' }] },
    },
  },
  '2306 ngo': {
    story:
      'لا أستطيع أن أتكلم أمام الرجال. أريد طبيبة. — She asked our visitor to write only this. She cries often and holds her left arm close.',
    answers: {
      clinical: { requested: ['mlr_psychological'], torture: 'unknown', clinicianGender: 'woman' },
    },
  },
  '1539 self': {
    story:
      'Fui presa no trabalho há cinco dias. Tomo remédio para a tireoide e já me deram. Só quero saber quem me pode ajudar com um advogado.',
    answers: {
      legal: { representative: 'no' },
      clinical: { requested: ['signposting_lawyer'], torture: 'no' },
    },
  },
  '1926 self': {
    story:
      'Tôi bị bắt làm trong nhà trồng cỏ hai năm, cửa khóa. Họ đánh tôi bằng ống nước. Bây giờ lưng tôi đau và tôi sợ người lạ.',
    answers: {
      legal: { nrm: 'rg_positive' },
      clinical: {
        requested: ['mlr_psychological', 'mlr_torture_scarring'],
        torture: 'no',
        trafficking: yes('Locked in a cannabis house for two years, beaten with a pipe.'),
      },
    },
  },
  '695 self': {
    story:
      'He spoke quietly, through the interpreter. He crossed the desert, was sold twice, and was hung by the hands. His shoulders hurt when he prays. He wants the truth about his body to be written down.',
    answers: {
      clinical: {
        requested: ['mlr_torture_scarring'],
        torture: yes('Suspended by the hands; both shoulders.'),
        trafficking: yes('Sold twice on the way.'),
      },
    },
  },
  '2920 lawyer': {
    story:
      'A positive reasonable grounds decision was made in our client’s trafficking case. He cannot give a clear account and may have had a head injury. We ask for an assessment of his capacity to instruct us.',
    answers: {
      consent: { capacityConcern: 'possible' },
      legal: { nrm: 'rg_positive' },
      clinical: {
        requested: ['capacity_assessment'],
        conditions: [{ condition: 'Possible head injury', emergency: 'no' }],
      },
    },
  },
  '2219 lawyer': {
    urgency: 'soon',
    story:
      'A rule 35(1) report on our client’s lung disease was made on 6 November. The Home Office has not responded, and he now needs oxygen at night. We ask for an opinion on fitness for detention.',
    answers: {
      legal: { rule35: [{ limb: 'r35_1', status: 'report_made', on: '2026-11-06' }] },
      clinical: {
        requested: ['fitness_for_detention'],
        torture: 'no',
        conditions: [{ condition: 'Chronic obstructive lung disease', emergency: 'no' }],
      },
    },
  },
  '2761 lawyer': {
    story:
      'Force was used on our client when he refused to board a van on 18 November. He has bruises on both wrists and a swollen jaw. We ask that the injuries be recorded while they can be seen.',
    answers: {
      clinical: {
        requested: ['use_of_force_injury'],
        useOfForce: { on: '2026-11-18', details: 'Wrists and jaw.' },
      },
    },
  },
  '1401 ngo': {
    urgency: 'urgent',
    story:
      'She has been in the separation unit under rule 40 since Friday, after shouting at night. She told our caseworker by telephone that she wants no doctor and no report, only that somebody should know where she is.',
    answers: {
      consent: {
        given: [{ to: 'assessment', answer: 'refused', how: 'interpreter', on: '2026-11-21' }],
        safeguardingNote:
          'Sent although she refuses an assessment: she is alone in separation, may be unwell, and asked that somebody know. Please do not visit without asking her again.',
      },
      detention: { segregation: 'rule_40' },
      clinical: { requested: ['medical_advice_only'], mentalHealth: yes('Shouting at night.') },
    },
  },
  '1457 ngo': {
    story:
      'He is in the healthcare wing with kidney disease and goes to hospital three times a week, in handcuffs. No telephone reaches him: letters only. He asks whether a prison can care for him.',
    answers: {
      interpreting: {
        communicationNeeds: 'No telephone on the wing. Letters in Nepali; a visit can be booked.',
      },
      clinical: {
        requested: ['fitness_for_detention'],
        conditions: [{ condition: 'Kidney failure, on dialysis', emergency: 'no' }],
        remoteAssessmentPossible: 'no',
      },
    },
  },
}
