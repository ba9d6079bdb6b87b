// Goal: names that people write differently come to the same tokens, and each step does its own part.
// Method: names with tokens worked out by hand; what any-ascii's own tests say of other scripts.
import fc from 'fast-check'
import t from 'tap'
import { tokensOf, transliterate } from '../../src/protocol/names.ts'
import * as second from './matchkeys-second.ts'

const tokens = (...names: string[]) => tokensOf(names).join(' ')

t.test('spellings that differ in marks, case and apostrophes are the same tokens', async (t) => {
  const groups: Record<string, string[]> = {
    oneill: ["O'Neill", 'O’NEILL', 'Oʼneill', 'O‘Neill', 'O`Neill', 'O´Neill', 'Ónéill'],
    sean: ['Seán', 'Sea\u0301n', 'SEAN', 'ｓｅａｎ'],
    'nguyen duc': ['Nguyễn Đức', 'NGUYEN DUC', 'Nguye\u0302\u0303n-Đu\u031b\u0301c', 'nguyen_duc'],
    'abd rahman': ['ʿAbd al-Raḥmān', 'Abd Al Rahman', 'abd-el-rahman', 'ʻAbd  Raḥmān'],
    strasse: ['Straße', 'STRASSE', 'STRAẞE'],
    'lukasz aero thor': ['Łukasz Ærø Þor', 'LUKASZ AERO\u0308 THOR', 'łukasz ærø þor'],
    'oedipe gudrun': ['Œdipe Guðrun', 'OEDIPE GUDRUN'],
    isil: ['Işıl', 'IŞIL', 'İşıl', 'isil'],
    'fiona iv': ['ﬁona Ⅳ', 'Fiona IV'],
  }
  for (const [same, spellings] of Object.entries(groups)) {
    for (const spelling of spellings) t.equal(tokens(spelling), same, spelling)
  }
})

t.test('other scripts are written in Latin letters, as any-ascii publishes', async (t) => {
  const published = {
    'Борис Николаевич Ельцин': "Boris Nikolaevich El'tsin",
    'Володимир Горбулін': 'Volodimir Gorbulin',
    'Δημήτρης Φωτόπουλος': 'Dimitris Fotopoylos',
    深圳: 'ShenZhen',
    화성시: 'HwaSeongSi',
    さいたま: 'saitama',
    'ደብረ ዘይት': 'debre zeyt',
    ደቀምሓረ: "dek'emhare",
    دمنهور: 'dmnhwr',
    Աբովյան: 'Abovyan',
    სამტრედია: "samt'redia",
    'אברהם הלוי פרנקל': "'vrhm hlvy frnkl",
    ਜਲੰਧਰ: 'jlmdhr',
    கன்னியாகுமரி: 'knniyakumri',
    රත්නපුර: 'rtnpur',
  }
  for (const [name, letters] of Object.entries(published)) t.equal(transliterate(name), letters)
  t.equal(tokens('Борис Ельцин'), tokens('Boris Eltsin'), 'a soft sign is an apostrophe')
  t.equal(tokens('ደቀምሓረ'), 'dekemhare')
  t.equal(tokens('ময়মনসিংহ'), 'mymnsimh', 'which form NFC takes apart')
})

t.test('Latin letters are not transliterated, nor is what is no letter', async (t) => {
  for (const kept of ['Nguyễn Đức', 'Straße', 'Łódź', '１２', '🙂', '—', '№ 5', 'Ⅳ', '\ud800'])
    t.equal(transliterate(kept), kept.normalize('NFC'), kept)
  t.equal(transliterate('Nguye\u0302\u0303n'), 'Nguyễn')
  t.equal(tokens('🙂 Selam 🙂'), 'selam', 'a picture has no name')
})

t.test('a name with its vowel signs meets the one without', async (t) => {
  t.equal(tokens('مُحَمَّد خَالِد'), tokens('محمد خالد'))
  t.equal(tokens('محمد خالد'), 'mhmd khld')
  t.equal(tokens('محـــمد'), 'mhmd', 'a stretched one too')
  t.equal(tokens('علی‌رضا'), tokens('علی رضا'), 'a joiner parts words')
})

t.test('particles go, whichever name they stand in, unless nothing else is there', async (t) => {
  t.equal(tokens('Syed Ali', 'al-Hassan'), 'ali hassan')
  t.equal(tokens('Syed', 'Ali'), 'ali')
  t.equal(tokens('Ali', 'Syed'), 'ali')
  t.equal(tokens('Dr Haji', 'Syed'), 'dr haji syed')
  t.equal(tokens('Abu'), 'abu')
  t.equal(tokens('Abu', 'B'), '', 'a letter is left')
  t.equal(tokens('Albin Derya Lea', 'Vanden'), 'albin derya lea vanden', 'but not parts of words')
  const all =
    'al el ul bin ben ibn bint abu umm van von der den de del da la le mr mrs ms dr ' +
    'haji hajji syed sheikh'
  t.equal(tokens(`${all} Khan`), 'khan')
})

t.test('tokens have two letters or more, are not repeated, and are six at most', async (t) => {
  t.equal(tokens('J R Kim', 'I'), 'kim')
  t.equal(tokens('Ali Ali', 'ALI Hassan', 'Áli'), 'ali hassan')
  t.equal(tokens('aa bb cc', 'dd aa ee', 'ff gg', 'hh'), 'aa bb cc dd ee ff')
  t.equal(tokens('x1y23zed4'), 'zed')
  t.equal(tokens(''), '')
  t.equal(tokens(), '')
})

t.test('whatever is written, tokens are of a to z, and are their own tokens', async (t) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    }),
  )
  const property = fc.property(fc.array(text, { maxLength: 5 }), (names) => {
    const found = tokensOf(names)
    t.same(tokensOf([found.join(' ')]), found)
    return found.length <= 6 && found.every((token) => /^[a-z]{2,}$/.test(token))
  })
  fc.assert(property, { numRuns: 1000 })
})

t.test('a token ends after 64 letters, and then repeats are left out', async (t) => {
  const [long, longer] = ['a'.repeat(64), 'a'.repeat(65)]
  t.same(tokensOf([long, 'karim', longer]), [long, 'karim'])
  t.same(
    tokensOf(['\u{16834}'.repeat(15_000)]).map(({ length }) => length),
    [64],
  )
  t.same(second.tokensOf([longer]), [long])
})
