/**
 * Characters that are not seen and change how others are: they move the cursor, end a line, turn the
 * direction of text around or join what stands apart. Whoever may write them into a name can make a
 * program seem to print what it never did.
 *
 * Unicode's general categories Cc, Cf, Zl, Zp, Cs and Co, and the code points set aside for more of
 * them; but U+200C and U+200D, which are spelling in Persian, Urdu and the scripts of India. Written
 * as ranges: two ends with different versions of Unicode must not judge one keyset differently, for
 * which reason what is not assigned yet (Cn) is left alone as well.
 */

/** What stands between the brackets of a class in a regular expression with the flag `u`. */
export const hiddenRanges = [
  ...['\\u0000-\\u001F', '\\u007F-\\u009F', '\\u00AD', '\\u0600-\\u0605', '\\u061C', '\\u06DD'],
  ...['\\u070F', '\\u0890\\u0891', '\\u08E2', '\\u180E', '\\u200B', '\\u200E\\u200F'],
  ...['\\u2028-\\u202E', '\\u2060-\\u206F', '\\uD800-\\uF8FF', '\\uFEFF', '\\uFFF0-\\uFFFB'],
  ...['\\u{110BD}', '\\u{110CD}', '\\u{13430}-\\u{1343F}', '\\u{1BCA0}-\\u{1BCA3}'],
  ...['\\u{1D173}-\\u{1D17A}', '\\u{E0000}-\\u{E00FF}', '\\u{E01F0}-\\u{E0FFF}'],
  ...['\\u{F0000}-\\u{10FFFF}'],
].join('')

/** Text of one line in which all is seen. */
export const visiblePattern = `^[^${hiddenRanges}]+$`
