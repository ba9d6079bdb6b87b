/**
 * MinHash over the bigrams of a name (A. Z. Broder, "On the resemblance and containment of documents",
 * 1997): two sets have an equal minimum with the probability of their Jaccard similarity. Three minima
 * in one value are equal only where nearly all bigrams are: one wrong letter in a long name passes.
 */
import murmurhash from 'murmurhash'

const seeds = [0, 1, 2]

/**
 * The least MurmurHash3 (x86, 32 bits) of the bigrams of `_token_` over all tokens, for the seeds 0, 1
 * and 2: decimal numbers joined by full stops.
 *
 * @param tokens - one or more, of ASCII letters
 */
export function minHashOf(tokens: readonly string[]): string {
  const bigrams = tokens.flatMap(bigramsOf)
  const minima = seeds.map((seed) => {
    return bigrams.reduce(
      (least, bigram) => Math.min(least, murmurhash.v3(bigram, seed)),
      Number.POSITIVE_INFINITY,
    )
  })
  return minima.join('.')
}

function bigramsOf(token: string): string[] {
  const letters = `_${token}_`
  return Array.from({ length: letters.length - 1 }, (_, start) => letters.slice(start, start + 2))
}
