/** What a person can consent to, each asked on its own. */
export const consentPurposes = {
  assessment: 'A medical assessment',
  records_request: 'Asking for medical records',
  contact_solicitor: 'Contact with the solicitor',
  contact_healthcare: 'Contact with healthcare in the centre',
  contact_home_office: 'Contact with the Home Office',
  share_with_partners: 'Sharing with partner organisations',
  research: 'Research',
} as const

export const consentAnswers = {
  given: 'Given',
  refused: 'Refused',
  not_asked: 'Not asked',
  withdrawn: 'Withdrawn',
} as const

/** How the consent was expressed. */
export const consentForms = {
  written: 'In writing',
  verbal: 'By word of mouth',
  interpreter: 'Through an interpreter',
} as const

/** Whether the person may lack the capacity to decide. */
export const capacityConcerns = {
  none: 'No concern',
  possible: 'May lack capacity',
  lacks: 'Lacks capacity',
} as const
