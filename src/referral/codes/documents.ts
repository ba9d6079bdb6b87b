export const documentTypes = {
  consent_form: 'Consent form',
  interview_record: 'Interview record',
  witness_statement: 'Witness statement',
  refusal_letter: 'Refusal letter',
  determination: 'Determination',
  rule35_report: 'Rule 35 report',
  rule35_response: 'Response to a rule 35 report',
  medical_records: 'Medical records',
  previous_mlr: 'Earlier medico-legal report',
  photos: 'Photographs',
  removal_notice: 'Removal notice',
  other: 'Other',
} as const
