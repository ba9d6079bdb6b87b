/**
 * The bank holidays of England and Wales, by year: GOV.UK, "UK bank holidays"
 * (https://www.gov.uk/bank-holidays.json), Open Government Licence v3.0, as the package
 * govuk-bank-holidays 0.19 of PyPI holds it.
 *
 * A year is added when GOV.UK has it, which is some two years ahead; a day for which the government
 * proclaims another is changed here. `/readyz` says when the next year is missing.
 */
export const bankHolidays: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  2026: {
    '2026-01-01': "New Year's Day",
    '2026-04-03': 'Good Friday',
    '2026-04-06': 'Easter Monday',
    '2026-05-04': 'Early May bank holiday',
    '2026-05-25': 'Spring bank holiday',
    '2026-08-31': 'Summer bank holiday',
    '2026-12-25': 'Christmas Day',
    '2026-12-28': 'Boxing Day, substitute day',
  },
  2027: {
    '2027-01-01': "New Year's Day",
    '2027-03-26': 'Good Friday',
    '2027-03-29': 'Easter Monday',
    '2027-05-03': 'Early May bank holiday',
    '2027-05-31': 'Spring bank holiday',
    '2027-08-30': 'Summer bank holiday',
    '2027-12-27': 'Christmas Day, substitute day',
    '2027-12-28': 'Boxing Day, substitute day',
  },
  2028: {
    '2028-01-03': "New Year's Day, substitute day",
    '2028-04-14': 'Good Friday',
    '2028-04-17': 'Easter Monday',
    '2028-05-01': 'Early May bank holiday',
    '2028-05-29': 'Spring bank holiday',
    '2028-08-28': 'Summer bank holiday',
    '2028-12-25': 'Christmas Day',
    '2028-12-26': 'Boxing Day',
  },
}
