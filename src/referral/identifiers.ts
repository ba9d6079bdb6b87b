import { type IdentifierType, identifierTypes } from './codes/identity.ts'

/** The form of each identifier once it is normalised. `says` follows "must be". */
const forms: Record<IdentifierType, { form: RegExp; says: string }> = {
  uan: { form: /^[0-9]{4}(-[0-9]{4}){3}$/, says: '16 digits in fours: 1234-5678-9012-3456' },
  gwf: { form: /^GWF[0-9]{9}$/, says: 'GWF and 9 digits' },
  cid: { form: /^[0-9]{9}$/, says: '1 to 9 digits' },
  // No official grammar was found: lenient on purpose, and the port reference more so.
  home_office_file: {
    form: /^[A-Z][0-9]{6,8}(\/[0-9]{1,3})?$/,
    says: 'a letter and 6 to 8 digits, with or without a slash and 1 to 3 more',
  },
  port_reference: { form: /^.{1,40}$/u, says: 'text of 40 characters at most' },
  prison_number: { form: /^[A-Z][0-9]{4}[A-Z]{2}$/, says: 'a letter, 4 digits and 2 letters' },
  appeal: {
    form: /^(HU|DA|DC|EA|PA|RP|LE|LD|LP|LH|LR|IA)\/[012][0-9]{4}\/20[0-9]{2}$/,
    says: 'a kind of appeal, 5 digits and the year: PA/01234/2026',
  },
  upper_tribunal: { form: /^UI-[0-9]{4}-[0-9]{6}$/, says: 'UI, the year and 6 digits' },
  bail: {
    form: /^([A-Z]{2}\/[0-9]{5}|[0-9]{4}(-[0-9]{4}){3})$/,
    says: '2 letters, a slash and 5 digits, or the form of a unique application number',
  },
}

/**
 * The one spelling under which an identifier is compared: without spaces, in capitals, and for `cid`
 * with leading zeros. Normalising twice changes nothing.
 *
 * @returns `undefined` where the type is not known or the value is not of its form
 */
export function normalise(type: string, value: string): string | undefined {
  if (!isIdentifierType(type)) return undefined
  const compact = value.replace(/\s/gu, '').toUpperCase()
  const normal = type === 'cid' && /^[0-9]{1,9}$/.test(compact) ? compact.padStart(9, '0') : compact
  return forms[type].form.test(normal) ? normal : undefined
}

/** What a value of this type must look like, in words that follow "must be". */
export function formOf(type: IdentifierType): string {
  return forms[type].says
}

/** Whether this client knows the type; a newer one may send others. */
export function isIdentifierType(type: string): type is IdentifierType {
  return Object.hasOwn(identifierTypes, type)
}
