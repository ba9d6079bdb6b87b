/** Values of variables. One that is empty counts as not set. */
import type { Environment } from './server.ts'

/** What stands between commas. */
export function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** A whole number; `fallback` where there is none, or no such one, which is then among the `faults`. */
export function integer(
  environment: Environment,
  name: string,
  fallback: number,
  min: number,
  max: number,
  faults: string[],
): number {
  const text = environment[name]
  if (text === undefined || text === '') return fallback
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  faults.push(`${name} must be a whole number from ${min} to ${max}`)
  return fallback
}

/** One of `values`; `fallback` as above. */
export function oneOf<Value extends string>(
  environment: Environment,
  name: string,
  values: readonly Value[],
  fallback: Value,
  faults: string[],
): Value {
  const text = environment[name]
  if (text === undefined || text === '') return fallback
  const value = values.find((candidate) => candidate === text)
  if (!value) faults.push(`${name} must be one of ${values.join(', ')}`)
  return value ?? fallback
}
