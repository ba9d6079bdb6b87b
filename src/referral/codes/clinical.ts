/** What the referrer asks for. */
export const requests = {
  mlr_torture_scarring: 'Medico-legal report: scarring from torture',
  mlr_psychological: 'Medico-legal report: psychological',
  health_deterioration_letter: 'Letter on deteriorating health',
  fitness_to_fly: 'Opinion on fitness to fly',
  fitness_for_detention: 'Opinion on fitness for detention',
  use_of_force_injury: 'Record of injuries from use of force',
  capacity_assessment: 'Assessment of mental capacity',
  medical_advice_only: 'Medical advice only',
  signposting_lawyer: 'Help to find a lawyer',
} as const
