/** Lists to choose from whose names the browser knows, in the language of the page. */

/** ISO 639-3, the languages most spoken in detention; any other is written in words. */
export const languageCodes = [
  ...['aka', 'amh', 'ara', 'ben', 'bos', 'zho', 'prs', 'eng', 'fra', 'ful', 'guj', 'hau', 'hin'],
  ...['ibo', 'ckb', 'kmr', 'lin', 'mal', 'nep', 'orm', 'pus', 'fas', 'pol', 'por'],
  ...['pan', 'ron', 'rus', 'srp', 'sin', 'som', 'spa', 'swa', 'sqi', 'tam', 'tel', 'tha', 'tir'],
  ...['tur', 'ukr', 'urd', 'uig', 'vie', 'wol', 'yor', 'mya'],
]

/** ISO 3166-1 alpha-2, and `XXX` for stateless, which has its own words. */
export const countryCodes = [
  ...'AD AE AF AG AI AL AM AO AR AT AU AZ BA BB BD BE BF BG BH BI BJ BN BO BR BS BT BW BY BZ'.split(
    ' ',
  ),
  ...'CA CD CF CG CH CI CL CM CN CO CR CU CV CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ'.split(
    ' ',
  ),
  ...'FM FR GA GB GD GE GH GM GN GQ GR GT GW GY HK HN HR HT HU ID IE IL IN IQ IR IS IT JM JO'.split(
    ' ',
  ),
  ...'JP KE KG KH KI KM KN KP KR KW KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK'.split(
    ' ',
  ),
  ...'ML MM MN MR MT MU MV MW MX MY MZ NA NE NG NI NL NO NP NR NZ OM PA PE PG PH PK PL PS PT'.split(
    ' ',
  ),
  ...'PW PY QA RO RS RU RW SA SB SC SD SE SG SI SK SL SM SN SO SR SS ST SV SY SZ TD TG TH TJ'.split(
    ' ',
  ),
  ...'TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VN VU WS XK YE ZA ZM ZW'.split(' '),
  'XXX',
]
