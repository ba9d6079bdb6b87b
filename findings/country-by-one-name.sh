#!/usr/bin/env bash
# i18n-iso-countries 7.14.0, iso-3166-1 2.1.1, country-to-iso 1.6.3 (npm): the code of a country by its English name.
#
# Guessed: a library finds a country at least by ISO's own English name, for it is ISO's code that it gives, or by the
# usual one: a list has only to keep to one of them.
# Seen: no one of the two will do. i18n-iso-countries finds Iran and Vietnam by the usual name alone, and Syria by
# ISO's alone; iso-3166-1 finds Syria and Viet Nam by ISO's, and Iran by neither. `Laos` has no code in either.
# country-to-iso finds them all.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts i18n-iso-countries@7.14.0 iso-3166-1@2.1.1 country-to-iso@1.6.3 >/dev/null
cat >codes.cjs <<'JS'
const countries = require('i18n-iso-countries')
const { countryToAlpha2 } = require('country-to-iso')
const { whereCountry } = require('iso-3166-1')

countries.registerLocale(require('i18n-iso-countries/langs/en.json'))
const libraries = {
  'i18n-iso-countries': (name) => countries.getAlpha2Code(name, 'en'),
  'iso-3166-1': (name) => whereCountry(name)?.alpha2,
  'country-to-iso': countryToAlpha2,
}
const names = ['Iran', 'Iran (Islamic Republic of)', 'Syria', 'Syrian Arab Republic', 'Vietnam', 'Viet Nam', 'Laos']
for (const [library, code] of Object.entries(libraries))
  console.log(`${library} does not know: ${names.filter((name) => !code(name)).join(', ') || 'none'}`)
JS
seen=$(node codes.cjs)
echo "$seen"
[ "$seen" = 'i18n-iso-countries does not know: Iran (Islamic Republic of), Syria, Viet Nam, Laos
iso-3166-1 does not know: Iran, Iran (Islamic Republic of), Syria, Vietnam, Laos
country-to-iso does not know: none' ]
