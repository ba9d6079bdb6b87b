import type { TString } from 'typebox'
import * as Type from 'typebox'
import { visiblePattern } from '../referral/hidden.ts'

/**
 * A name that others are shown: 1 to `maxLength` characters in one line, none of them a control,
 * line, paragraph or format character (but U+200C and U+200D), half of a pair, or of private use.
 */
export function Label(maxLength: number): TString {
  return Type.String({ pattern: visiblePattern, minLength: 1, maxLength })
}

/** As long as a recipient's label may be. */
export const recipientLabelMax = 80

/** As long as the label of an organisation, a grantee or a client may be. */
export const organisationLabelMax = 120
