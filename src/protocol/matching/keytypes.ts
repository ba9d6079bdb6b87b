/** The types of match keys: all that whoever has a referral's values without a key can read of them. */
import type { IdentifierType } from '../../referral/codes/identity.ts'

/** The type of each kind of number: whoever counts types sees which kinds a person has. */
export const referenceTypes: Readonly<Record<IdentifierType, string>> = {
  ...{ uan: 'REF_uan', gwf: 'REF_gwf', cid: 'REF_cid', home_office_file: 'REF_file' },
  ...{ port_reference: 'REF_port', prison_number: 'REF_prison', appeal: 'REF_appeal' },
  ...{ upper_tribunal: 'REF_ut', bail: 'REF_bail' },
}

/**
 * A Home Office file without a suffix is a kind of its own. The suffix tells the members of a family
 * apart, and where one side left it out they do not contradict each other.
 */
export const wholeFile = 'REF_file0'

/** Every type, in the order in which they are kept where a person has more than 40 keys. */
export const matchKeyTypes: readonly string[] = [
  ...['REF_uan', 'REF_gwf', 'REF_cid', 'REF_file', wholeFile, 'REF_port', 'REF_prison'],
  ...['REF_appeal', 'REF_ut', 'REF_bail', 'FILE', 'PHONE', 'N', 'N1', 'P', 'P1'],
  ...['T_D', 'T_D01', 'TP_D', 'TP_D01', 'TK_SD', 'TK_SD01'],
  ...['PP_Y', 'KK_Y', 'P_MD', 'I_D', 'I_D01', 'MH3_Y'],
]
