/**
 * What in a referral is worth a second look, and stops nothing: a number of odd form, a name that
 * stands for nobody. Whoever types can still ask; whoever reads sees why nothing was found by it.
 */
import { identifierForms, isIdentifierType, readIdentifier } from './identifiers.ts'
import { standsForNothing } from './placeholders.ts'
import type { Problem } from './problems.ts'
import { isUnanswered, type Readable, read, readList } from './reading.ts'

/** The oddities, with pointers from the referral. Never throws, whatever was opened. */
export function oddities({ identity, contact }: Readable): Problem[] {
  return [...oddIdentifiers(identity), ...emptyNames(identity), ...emptyPhone(contact)]
}

function oddIdentifiers(identity: unknown): Problem[] {
  return readList(identity, 'identifiers').flatMap((identifier, index) => {
    const [type, value] = [read(identifier, 'type'), read(identifier, 'value')]
    if (typeof type !== 'string' || typeof value !== 'string' || !isIdentifierType(type)) return []
    if (readIdentifier(type, value).kind !== 'odd') return []
    const form = `is not ${identifierForms[type].says}`
    const detail = `${form}. It is kept as typed, and nobody is found by it.`
    return [{ pointer: `/identity/identifiers/${index}/value`, detail }]
  })
}

function emptyNames(identity: unknown): Problem[] {
  const names: [string, unknown][] = [
    ['familyName', read(identity, 'familyName')],
    ['givenNames', read(identity, 'givenNames')],
    ...readList(identity, 'otherNames').map((name, index): [string, unknown] => {
      return [`otherNames/${index}`, name]
    }),
  ]
  return names
    .filter(([, name]) => isEmpty(name))
    .map(([field]) => ({
      pointer: `/identity/${field}`,
      detail: 'stands for no name: nobody is found by it. A name that is not known is `unknown`.',
    }))
}

function emptyPhone(contact: unknown): Problem[] {
  if (!isEmpty(read(contact, 'phone'))) return []
  const detail = 'stands for no telephone: nobody is found by it.'
  return [{ pointer: '/contact/phone', detail }]
}

/** The words `unknown` and `not_asked` are answers of the schema. */
function isEmpty(text: unknown): boolean {
  return typeof text === 'string' && !isUnanswered(text) && standsForNothing(text)
}
