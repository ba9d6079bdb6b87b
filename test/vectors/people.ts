/**
 * Two hundred invented people for the vectors of match keys: common given and family names of the
 * languages that we meet, in their own script and in Latin letters, put together by counting, and
 * people made by hand for each corner of the recipe. Dates and numbers are made up; the telephones are of the
 * ranges that are set aside for films, or of no one.
 */
import type { Person } from '../../src/protocol/matching/matchkeys.ts'

/** A name in its own script, where that is not Latin, and in Latin letters. */
type Spelt = readonly [own: string, latin: string]
type Language = { readonly language: string; readonly given: Spelt[]; readonly family: Spelt[] }

const spelt = (text: string): Spelt[] =>
  text.split(', ').map((pair): Spelt => {
    const [own = '', latin = own] = pair.split('/')
    return [own, latin]
  })

const languages: Language[] = [
  {
    language: 'Arabic',
    given: spelt('محمد/Mohammed, فاطمة/Fatimah, أحمد/Ahmad, يوسف/Youssef, عائشة/Aisha'),
    family: spelt('الحسن/Al-Hassan, عبد الله/Abdullah, إبراهيم/Ibrahim, خليل/Khalil'),
  },
  {
    language: 'Arabic with vowel signs',
    given: spelt('مُحَمَّد/Muḥammad, خَالِد/Khālid, عُمَر/ʿUmar'),
    family: spelt('اَلنَّجَّار/an-Najjār, عَبْد الرَّحْمٰن/ʿAbd ar-Raḥmān, بن عَلِي/bin ʿAlī'),
  },
  {
    language: 'Persian',
    given: spelt('علی‌رضا/Alireza, زهرا/Zahra, پژمان/Pejman, گلناز/Golnaz, چنگیز/Changiz'),
    family: spelt('محمدی/Mohammadi, رضایی/Rezaei, قاسمی/Ghasemi, حسین‌زاده/Hosseinzadeh'),
  },
  {
    language: 'Dari and Pashto',
    given: spelt('ګل آغا/Gul Agha, نجیب‌الله/Najibullah, ښایسته/Shaista, حمید/Hameed'),
    family: spelt('احمدزی/Ahmadzai, کریمي/Karimi, نورزی/Noorzai, یوسفزی/Yousafzai'),
  },
  {
    language: 'Urdu',
    given: spelt('ہمایوں/Humayun, عائشہ/Ayesha, بلال/Bilal, نازیہ/Nazia'),
    family: spelt('چوہدری/Chaudhry, سید/Syed, قریشی/Qureshi, بھٹی/Bhatti'),
  },
  {
    language: 'Kurdish (Sorani)',
    given: spelt('ئازاد/Azad, شیلان/Shilan, هێمن/Hemin, ڕێبوار/Rebwar'),
    family: spelt('بارزانی/Barzani, حەمە/Hama, عەبدوڵڵا/Abdulla, ڕەشید/Rashid'),
  },
  {
    language: 'Kurdish (Kurmanji)',
    given: spelt('Şêrko, Rojîn, Çiya, Xebat, Gulistan'),
    family: spelt('Îbrahîm, Öcal, Demirtaş, Güneş'),
  },
  {
    language: 'Tigrinya',
    given: spelt('ሓጎስ/Hagos, ለተብርሃን/Letebrhan, ተስፋይ/Tesfay, ሰላም/Selam, ኣብርሃም/Abraham'),
    family: spelt('ገብረመድህን/Gebremedhin, ወልደገብርኤል/Weldegebriel, ሃይለ/Haile, ኪዳነ/Kidane'),
  },
  {
    language: 'Amharic',
    given: spelt('አበበ/Abebe, ጽጌ/Tsige, ዳዊት/Dawit, ብርቱካን/Birtukan, ሙሉጌታ/Mulugeta'),
    family: spelt('ከበደ/Kebede, ኃይለ ማርያም/Haile Mariam, ተፈራ/Tefera, ዘውዴ/Zewde'),
  },
  {
    language: 'Somali',
    given: spelt('Cabdiraxmaan, Xaliimo, Maxamed, Faadumo, Cali'),
    family: spelt('Warsame, Nuur, Jaamac, Xuseen'),
  },
  {
    language: 'Albanian',
    given: spelt('Gëzim, Shpëtim, Çlirim, Xhevahire, Dritan, Ilir'),
    family: spelt('Shkreli, Gjoka, Hoxha, Çela, Berisha'),
  },
  {
    language: 'Vietnamese',
    given: spelt('Văn Đức, Thị Hương, Quốc Đạt, Minh Thư, Thị Ngọc Ánh'),
    family: spelt('Nguyễn, Trần, Phạm, Đặng, Bùi'),
  },
  {
    language: 'Chinese',
    given: spelt('小明/Xiaoming, 伟/Wei, 秀英/Xiuying, 建国/Jianguo, 雅婷/Ya-ting'),
    family: spelt('王/Wang, 陳/Chen, 欧阳/Ouyang, 吕/Lü'),
  },
  {
    language: 'Korean and Japanese',
    given: spelt('철수/Cheol-su, 영희/Yeong-hui, さくら/Sakura, ケンジ/Kenji'),
    family: spelt('김/Kim, 박/Park, 田中/Tanaka, スズキ/Suzuki'),
  },
  {
    language: 'Russian',
    given: spelt('Владимир/Vladimir, Наталья/Natalya, Юрий/Yury, Алёна/Alyona'),
    family: spelt('Щербаков/Shcherbakov, Соловьёв/Solovyov, Цветаева/Tsvetaeva, Ильин/Ilyin'),
  },
  {
    language: 'Ukrainian',
    given: spelt('Олександр/Oleksandr, Ґалина/Galyna, Їванна/Yivanna'),
    family: spelt('Шевченко/Shevchenko, Лук’яненко/Lukianenko, Гончар/Honchar'),
  },
  {
    language: 'Yoruba',
    given: spelt('Ọláyínká, Adébáyọ̀, Ṣadé, Olúwaṣeun, Títílayọ̀'),
    family: spelt('Adéyẹmí, Ọ̀ṣúntókun, Akínwándé, Balógun'),
  },
  {
    language: 'Igbo and Hausa',
    given: spelt('Chukwuemeka, Ńnèka, Ɗanladi, Ƙande'),
    family: spelt('Okafor, Ọkọnkwọ, Abubakar, Yar’Adua'),
  },
  {
    language: 'Bengali',
    given: spelt('মোহাম্মদ/Mohammad, ফাতেমা/Fatema, রহিম/Rahim'),
    family: spelt('হোসেন/Hossain, বেগম/Begum, চৌধুরী/Choudhury'),
  },
  {
    language: 'Tamil and Sinhala',
    given: spelt('முருகன்/Murugan, லட்சுமி/Lakshmi, චමින්ද/Chaminda'),
    family: spelt('சிவகுமார்/Sivakumar, செல்வராஜா/Selvarajah, පෙරේරා/Perera'),
  },
  {
    language: 'Hindi and Punjabi',
    given: spelt('राजेश/Rajesh, प्रिया/Priya, ਗੁਰਪ੍ਰੀਤ/Gurpreet'),
    family: spelt('शर्मा/Sharma, सिंह/Singh, ਕੌਰ/Kaur, ढिल्लों/Dhillon'),
  },
  {
    language: 'Turkish',
    given: spelt('İbrahim, Ayşe, Çağrı, Işıl'),
    family: spelt('Yıldız, Öztürk, Gümüş, Şahin'),
  },
  {
    language: 'Polish and Romanian',
    given: spelt('Łukasz, Małgorzata, Ștefan, Ioana'),
    family: spelt('Wójcik, Dzhambazki, Țurcanu, Popescu'),
  },
  {
    language: 'Georgian, Armenian and Greek',
    given: spelt('გიორგი/Giorgi, Արամ/Aram, Θεόδωρος/Theodoros'),
    family: spelt('ბერიძე/Beridze, Հակոբյան/Hakobyan, Παπαδόπουλος/Papadopoulos'),
  },
  {
    language: 'Portuguese and Spanish',
    given: spelt('João, María José, Conceição, Íñigo'),
    family: spelt('da Silva, de la Cruz, Gonçalves, Muñoz'),
  },
]

const dates: readonly Person['dateOfBirth'][] = [
  { date: '1990-01-01' },
  { date: '1987-03-12' },
  { year: 1994 },
  { date: '2001-11-30' },
  {},
  { date: '1987-12-03' },
  { date: '1976-02-29' },
  { date: '2007-01-01', year: 2007 },
  { date: '1999-10-10' },
  { date: '1987-13-03', year: 1987 },
  { date: '1968-08-31', year: 1970 },
]

const identifiers: readonly { type: string; value: string }[] = [
  { type: 'uan', value: '1234-5678-9012-3456' },
  { type: 'gwf', value: 'gwf 012 345 678' },
  { type: 'cid', value: '4071' },
  { type: 'home_office_file', value: 'm1234567 / 2' },
  { type: 'port_reference', value: 'lhr/1208/é' },
  { type: 'prison_number', value: 'a1234bc' },
  { type: 'appeal', value: 'pa/01234/2026' },
  { type: 'upper_tribunal', value: 'UI-2026-000123' },
  { type: 'bail', value: 'HX/20417' },
  { type: 'bail', value: '4321-8765-2109-6543' },
  { type: 'port_reference', value: '9876-5432-1098-7654' },
  { type: 'uan', value: '1234567890123456' },
  { type: 'bus_pass', value: '2222-3333-4444-5555' },
  { type: 'bus_pass', value: '17' },
  { type: 'prison_number', value: 'A1234' },
]

const telephones: readonly string[] = [
  '07700 900123',
  '+44 7700 900456',
  '0044 (0)20 7946 0018',
  '+93 70 123 4567',
  '+355 67 212 3456',
  'ask for Ali, 07700 900789 ext. 4',
  '020 7946 0999',
  '12',
  'none',
]

function composed(): Person[] {
  return languages.flatMap(({ given, family }, language) =>
    Array.from({ length: 7 }, (_, place) => composedOf({ given, family }, language, place)),
  )
}

function composedOf(
  { given, family }: Pick<Language, 'given' | 'family'>,
  language: number,
  place: number,
): Person {
  const index = language * 7 + place
  const form = index % 5
  // In Latin letters; in the person's own script; both in one field; exchanged; with a second spelling.
  const letters = form === 1 ? 0 : 1
  const first = of(given, place)[letters]
  const last = of(family, place + language)[letters]
  const further = of(given, place + 1)
  const dateOfBirth = of(dates, index)
  return {
    ...(form === 2
      ? { givenNames: `${last} ${first}` }
      : { givenNames: form === 3 ? last : first, familyName: form === 3 ? first : last }),
    ...(form === 4 && { otherNames: [of(given, place)[0], further[1]] }),
    ...(dateOfBirth && { dateOfBirth }),
    ...(index % 3 > 0 && { identifiers: [of(identifiers, index)].concat(second(index)) }),
    ...(index % 4 > 1 && { phones: [of(telephones, index)] }),
  }
}

const second = (index: number) => (index % 3 === 2 ? [of(identifiers, index + 4)] : [])
const of = <Member>(list: readonly Member[], index: number): Member => list[index % list.length]!

/** One for each corner of the recipe. */
const corners: readonly Person[] = [
  {},
  { familyName: 'Okonkwo' },
  { dateOfBirth: { date: '1990-05-06' } },
  { familyName: 'Syed', givenNames: 'Haji', dateOfBirth: { date: '1990-05-06' } },
  { familyName: 'Syed Ali', givenNames: 'Mr', dateOfBirth: { date: '1990-06-05' } },
  { familyName: 'Abu', givenNames: 'B', dateOfBirth: { date: '1990-06-05' } },
  { familyName: 'O’Neill', givenNames: "D'Arcy Seán", dateOfBirth: { date: '1980-01-10' } },
  { familyName: 'OʼNeill', givenNames: 'D´Arcy Sea\u0301n', dateOfBirth: { date: '1980-10-01' } },
  { familyName: 'Mohamed Muhammad', givenNames: 'Mohammad', dateOfBirth: { date: '1988-08-08' } },
  { familyName: 'Aya', givenNames: 'Io', dateOfBirth: { date: '1991-01-01' } },
  { familyName: 'Hwa', givenNames: 'Hha Why', dateOfBirth: { date: '1991-02-28' } },
  { familyName: 'Straße', givenNames: 'Ærø Þór Œdipe', dateOfBirth: { date: '1971-07-17' } },
  { familyName: 'Ｏｋａｆｏｒ', givenNames: 'ﬁona Ⅳ', dateOfBirth: { date: '1971-07-17' } },
  { familyName: 'محـــمـد', givenNames: 'ﷲ', dateOfBirth: { date: '1971-07-17' } },
  { familyName: '🙂 Smile 🙂', givenNames: '123 x9y 4zed5', dateOfBirth: { year: 1985 } },
  { familyName: '—', givenNames: '…', dateOfBirth: { date: '1985-02-03' } },
  {
    familyName: 'Dzhokhar Tschechow Czesław Zhukov Djamel',
    givenNames: 'Scheherazade',
    dateOfBirth: { date: '1979-09-19' },
  },
  {
    familyName: 'Ghali Quentin Beck Xavier Cecil',
    givenNames: 'Awad Cyrus',
    otherNames: ['Thabet', 'Dhiya Ghulam'],
    dateOfBirth: { date: '1969-04-03' },
  },
  {
    familyName: 'Accad Vivavi Hahaha',
    givenNames: 'Yahya Philip',
    dateOfBirth: { date: '2000-02-01' },
  },
  {
    familyName: 'Hassan Ali Omar Farah Nur Abdi Warsame Jama',
    givenNames: 'Mohamed',
    dateOfBirth: { date: '1995-04-23' },
    identifiers: identifiers.slice(0, 8),
    phones: telephones,
  },
  {
    familyName: 'Hassan Omar Farah',
    givenNames: 'Mohamed Ali',
    otherNames: ['Nur', 'Hassan', 'Abdi'],
    dateOfBirth: { date: '1970-01-01' },
    identifiers,
  },
  {
    givenNames: 'Kim',
    identifiers: ['9', '8', '7', '6', '5', '4', '3', '2', '1', '10'].map((value) => {
      return { type: 'cid', value }
    }),
    phones: ['07700 900009', '07700 900003', '07700 900001', '07700 900005', '07700 900007'],
  },
  { familyName: 'Ahmadi', givenNames: 'Reza', dateOfBirth: { date: '1990-1-1', year: 990 } },
  { familyName: 'Ahmadi', givenNames: 'Reza', dateOfBirth: { date: '2100-02-29', year: 1990.5 } },
  {
    familyName: 'Singh',
    givenNames: 'Gurpreet',
    dateOfBirth: { date: '1994-02-17', otherDates: ['1993-01-01', '1994-02-17'] },
    identifiers: [{ type: 'home_office_file', value: 'M1234567' }],
  },
  {
    familyName: 'Kaur',
    givenNames: 'Bibi',
    dateOfBirth: { date: '1986-01-10' },
    identifiers: [
      { type: 'home_office_file', value: 'e5671234' },
      { type: 'home_office_file', value: 'E 5671234 - 3' },
    ],
  },
  { familyName: 'Begum', dateOfBirth: { date: '1986-01-10' } },
  {
    familyName: 'Unknown',
    givenNames: 'Mohammed',
    phones: ['01293 555555 ext 204', '00000000000'],
  },
  { familyName: 'Not known', givenNames: 'N/A', identifiers: [{ type: 'cid', value: '0000' }] },
  { familyName: 'Rahman', givenNames: 'Abdul', otherNames: ['Abd ar-Rahman', 'Abdirahman'] },
  {
    familyName: 'Karimi Zadeh',
    givenNames: 'Gholam Ali',
    otherNames: ['Nur ud-Din', 'Rahmat Ullah'],
  },
  { familyName: 'Hung', givenNames: 'Le Van', dateOfBirth: { year: 1999 } },
  { familyName: 'Haile Mariam', givenNames: 'So\u00adphia', phones: ['07700900123 / 07700900456'] },
  { familyName: 'Sheikh', givenNames: 'عمر', otherNames: ['علي بن عمر'] },
  {
    familyName: '',
    givenNames: ' \u0000',
    otherNames: [''],
    dateOfBirth: { date: '' },
    phones: [''],
  },
]

/** The people, in an order that does not change. */
export const people: readonly Person[] = [...composed(), ...corners]
