// Goal: names that people write differently come to the same tokens, and each step does its own part.
// Method: names with tokens worked out by hand; what any-ascii's own tests say of other scripts; the
// second implementation over names at random.
import anyAscii from 'any-ascii'
import fc from 'fast-check'
import t from 'tap'
import { isCommon, lettersOf, tokensOf } from '../../../src/protocol/matching/names.ts'
import { common, firsts, lasts, particles } from '../../../src/protocol/matching/namewords.ts'
import vectors from '../../vectors/match-keys-2.json' with { type: 'json' }
import * as second from './matchkeys-second.ts'

const tokens = (...names: string[]) => tokensOf(names).join(' ')

t.test('spellings that differ in marks, case and apostrophes are the same tokens', async (t) => {
  const groups: Record<string, string[]> = {
    oneill: ["O'Neill", 'O’NEILL', 'Oʼneill', 'O‘Neill', 'O`Neill', 'O´Neill', 'Ónéill'],
    sean: ['Seán', 'Sea\u0301n', 'SEAN', 'ｓｅａｎ'],
    'nguyen duc': ['Nguyễn Đức', 'NGUYEN DUC', 'Nguye\u0302\u0303n-Đu\u031b\u0301c', 'nguyen_duc'],
    abdulrahman: ['ʿAbd al-Raḥmān', 'Abd Al Rahman', 'abd-el-rahman', 'ʻAbd  Raḥmān'],
    maruf: [
      'Ma’ruf',
      'Maʾrūf',
      'Maʿrūf',
      'Ma\u02bbruf',
      'Ma\u2032ruf',
      'Ma\ua78cruf',
      'Maʔruf',
      'Ma＇ruf',
    ],
    najib: [
      'Na\u00adjib',
      'Na\u200bjib',
      '\u200eNajib\u200f',
      'Na\ufeffjib',
      'Naji\u2060b',
      'Najib\ufe0f',
    ],
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
    Борис: 'boris',
    Володимир: 'volodimir',
    Δημήτρης: 'dimitris',
    深圳: 'shenzhen',
    화성시: 'hwaseongsi',
    さいたま: 'saitama',
    ደብረ: 'debre',
    ደቀምሓረ: 'dekemhare',
    دمنهور: 'dmnhwr',
    Աբովյան: 'abovyan',
    სამტრედია: 'samtredia',
    הלוי: 'hlvy',
    ਜਲੰਧਰ: 'jlmdhr',
    கன்னியாகுமரி: 'knniyakumri',
    රත්නපුර: 'rtnpur',
  }
  for (const [name, letters] of Object.entries(published)) t.equal(lettersOf(name), letters)
  t.equal(tokens('Борис Ельцин'), tokens('Boris Eltsin'), 'a soft sign is an apostrophe')
  t.equal(tokens('ময়মনসিংহ'), 'mymnsimh', 'which form NFC takes apart')
  t.equal(tokens('🙂 Selam 🙂'), 'selam', 'a picture has no name')
})

t.test('no letter vanishes: those of Latin alphabets, and a first alef or ayn', async (t) => {
  const latin = {
    ...{
      Ɓala: 'bala',
      Ɗanladi: 'danladi',
      Ƙande: 'kande',
      Ƴusuf: 'yusuf',
      Ɛsi: 'esi',
      Kɔfi: 'kofi',
    },
    ...{ Ŋutsu: 'ngutsu', Əliyev: 'eliyev', Ħaddad: 'haddad', Ġorġ: 'gorg', Ǝdo: 'edo', Ʋa: 'va' },
    ...{ Straße: 'strasse', Ørsted: 'orsted', Þór: 'thor', Œdipe: 'oedipe', Łódź: 'lodz' },
  }
  for (const [name, letters] of Object.entries(latin)) t.equal(lettersOf(name), letters, name)
  const first = {
    ...{ احمد: 'ahmd', أحمد: 'ahmd', عمر: 'amr', علي: 'aly', آدم: 'adm', إبراهيم: 'ibrhym' },
    ...{ ٱلله: 'allh', خالد: 'khld', سعيد: 'syd', ئازاد: 'azd', ئەحمەد: 'ahmed', אברהם: 'avrhm' },
  }
  for (const [name, letters] of Object.entries(first)) t.equal(lettersOf(name), letters, name)
  // Whatever Latin letter any-ascii knows: none of a name that is left without letters.
  for (let code = 0xc0; code < 0x250; code += 1) {
    const letter = String.fromCodePoint(code)
    if (!/^\p{L}$/u.test(letter) || !/[a-z]/i.test(anyAscii(letter))) continue
    t.match(lettersOf(letter), /^[a-z]+$/, letter)
  }
})

t.test('a name with its vowel signs meets the one without', async (t) => {
  t.equal(tokens('مُحَمَّد خَالِد'), tokens('محمد خالد'))
  t.equal(tokens('محمد خالد'), 'mhmd khld')
  t.equal(tokens('محـــمد'), 'mhmd', 'a stretched one too')
  t.equal(tokens('علی‌رضا'), tokens('علیرضا'), 'a joiner parts no words')
})

t.test('particles go where two other words remain, whichever name they stand in', async (t) => {
  t.equal(tokens('Syed Ali', 'al-Hassan'), 'ali hassan')
  t.equal(tokens('Nguyen', 'Van Hung'), 'nguyen hung')
  t.equal(tokens('Le', 'Van Hung'), 'le van hung', 'one alone would be left')
  t.equal(tokens('Syed', 'Ali'), 'syed ali')
  t.equal(tokens('Syed Ali', 'Ali'), 'syed ali', 'the same word twice is one')
  t.equal(tokens('Syed Ali', 'B'), 'syed ali', 'a letter is none')
  t.equal(tokens('Dr Haji', 'Syed'), 'dr haji syed')
  t.equal(tokens('Albin Derya Lea', 'Vanden'), 'albin derya lea vanden', 'but not parts of words')
  t.equal(tokens(`${particles.join(' ')} Khan Bashir`), 'khan bashir')
  t.equal(tokens('عمر علي حسن'), 'amr aly hsn', 'Omar is not read as a title')
  t.equal(tokens('محمد بن علي'), 'mhmd aly', 'a son of is, in its own letters')
})

t.test('compounds joined and split are one token', async (t) => {
  const groups = {
    abdulrahman: ['Abdul Rahman', 'Abdel-Rahman', 'Abd ar-Rahman', 'Abdurrahman', 'Abdirahman'],
    abdullah: ['Abdullah', 'Abdallah', 'Abd Allah', 'Abd-Ullah', 'عبد الله'],
    rahmatullah: ['Rahmatullah', 'Rahmat Ullah', 'Rahmat-Allah'],
    habtemariam: ['Habtemariam', 'Habte Mariam', 'Habta Mariam'],
    hailemariam: ['Hailemariam', 'Haile Mariam'],
    gholamali: ['Gholamali', 'Gholam Ali', 'Ghulam Ali'],
    abubakr: ['Abubakr', 'Abu Bakr', 'Abou-Bakr'],
    nuruddin: ['Nuruddin', 'Nur ud-Din', 'Nur Uddin', 'Nur al-Din'],
    karimzadeh: ['Karimzadeh', 'Karim Zadeh', 'Karim-Zada'],
    amirhossein: ['Amirhossein', 'Amir Hossein'],
  }
  for (const [one, spelt] of Object.entries(groups)) {
    for (const name of spelt) t.equal(tokens(name), one, name)
    t.equal(tokens('Selam', spelt[1]!, 'Tekle'), `selam ${one} tekle`)
  }
  t.equal(tokens('Abdul', 'Rahman'), 'abdulrahman', 'also where two fields hold it')
  t.equal(tokens('Haile', 'Mariam'), 'haile mariam', 'what is a name alone, within one field only')
  t.equal(tokens('Haile Tesfay'), 'haile tesfay', 'and only beside its own seconds')
  t.equal(tokens('Rahman', 'Abdul'), 'rahman abdul', 'a first has nothing behind it')
  t.equal(tokens('Abdul bin Rahman Ali'), 'abdul rahman ali', 'a son of stands between')
  t.equal(tokens('Ullah', 'Khan'), 'ullah khan', 'a last has nothing before it')
  for (const [first, as] of Object.entries(firsts)) {
    t.equal(tokens(`${first} Tarzi`), `${as}tarzi`, first)
  }
  for (const [last, as] of Object.entries(lasts)) t.equal(tokens(`Bakht ${last}`), `bakht${as}`)
})

t.test('what half a tradition bears is no part by itself', async (t) => {
  for (const word of ['thi', 'van', 'md', 'singh', 'kaur', 'begum', 'bibi', 'khatun', 'abdul']) {
    t.ok(isCommon(word), word)
  }
  for (const word of ['hung', 'gurpreet', 'le', 'ali']) t.notOk(isCommon(word), word)
  for (const word of common) t.match(tokens(`${word} Tarzi`), `${word} tarzi`, 'and is kept')
})

t.test('what stands for nothing is no token', async (t) => {
  t.equal(tokens('Not known', 'Not known'), '')
  t.equal(tokens('Unknown', 'Mohammed'), 'mohammed')
  t.equal(tokens('FNU', 'Mohammed'), 'mohammed')
  t.equal(tokens('Fnu Mohammed', 'LNU'), 'mohammed', 'also inside a name')
  t.equal(tokens('Baby of', 'Hussein'), 'hussein')
  t.equal(tokens('Male', 'Unknown'), '')
  t.equal(tokens('xxx', 'xxx'), '')
})

t.test('tokens have two letters or more, are not repeated, and are six at most', async (t) => {
  t.equal(tokens('J R Kim', 'I'), 'kim')
  t.equal(tokens('Ali Ali', 'ALI Hassan', 'Áli'), 'ali hassan')
  t.equal(tokens('aa bb cc', 'dd aa ee', 'ff gg', 'hh'), 'aa bb cc dd ee ff')
  t.equal(tokens('x1y23zed4'), 'zed')
  t.equal(tokens(''), '')
  t.equal(tokens(), '')
})

t.test('whatever is written, tokens are of a to z', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    }),
  )
  const property = fc.property(fc.array(text, { maxLength: 5 }), (names) => {
    const found = tokensOf(names)
    return found.length <= 6 && found.every((token) => /^[a-z]{2,}$/.test(token))
  })
  fc.assert(property, { numRuns: 1000 })
})

// Words that mean something to the recipe, beside others.
const word = fc.oneof(
  fc.constantFrom(...particles, ...common, ...Object.keys(firsts), ...Object.keys(lasts)),
  fc.constantFrom('haile', 'mariam', 'amir', 'reza', 'din', 'abdirahman', 'abdella', 'FNU', 'none'),
  fc.constantFrom(...Object.keys(vectors.letters)),
  fc.stringMatching(/^[a-zA-Z]{1,7}$/),
  fc.constantFrom(
    "O'Neil",
    'Ma\u02bbruf',
    'a\u00adb',
    'عمر',
    'احمد',
    'ئازاد',
    'Ⅳ',
    'ｓｅａｎ',
    'J.',
  ),
)
const name = fc.array(word, { minLength: 1, maxLength: 5 })

t.test('the tokens of any name are those of the second implementation', async (t) => {
  const property = fc.property(fc.array(name, { maxLength: 3 }), (names) => {
    const written = names.map((words) => words.join(' '))
    t.same(tokensOf(written), second.tokensOf(written, vectors.letters), JSON.stringify(written))
  })
  fc.assert(property, { numRuns: 3000 })
})

t.test('tokens are their own tokens', async (t) => {
  // Two words in a row may be a listed compound, as `kar` and `zai` are: none begins so.
  const plain = fc.uniqueArray(fc.stringMatching(/^xq[aeiou][b-z]{1,5}$/), { maxLength: 6 })
  const compound = fc.constantFrom('Abdul Rahman', 'Rahmat Ullah', 'Habte Mariam', 'Abu Bakr')
  const property = fc.property(plain, compound, (words, one) => {
    const found = tokensOf([...words, one])
    t.same(tokensOf(found), found)
    t.same(tokensOf([found.join(' ')]), found)
  })
  fc.assert(property)
})

t.test('a token ends after 64 letters, and then repeats are left out', async (t) => {
  const [long, longer] = ['a'.repeat(64), 'a'.repeat(65)]
  t.same(tokensOf([long, 'karim', longer]), [long, 'karim'])
  t.same(
    tokensOf(['\u{16834}'.repeat(15_000)]).map(({ length }) => length),
    [64],
  )
  t.same(second.tokensOf([longer], {}), [long])
})
