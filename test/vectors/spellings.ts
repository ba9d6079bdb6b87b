/**
 * Sixty-three invented people, each in two spellings: as they write themselves, and as another writes them
 * in plain Latin letters. Two or more of each script and of each kind of Latin letters that the recipe
 * has to read. Common names, put together by hand.
 */

/** Given names and family name as the person writes them, and as somebody else does. */
export type TwoSpellings = {
  readonly script: string
  readonly own: readonly [given: string, family: string]
  readonly other: readonly [given: string, family: string]
}

const people = (script: string, text: string): TwoSpellings[] =>
  text.split('; ').map((line) => {
    const [own = '', other = ''] = line.split(' = ')
    return { script, own: namesOf(own), other: namesOf(other) }
  })

function namesOf(text: string): [given: string, family: string] {
  const [given = '', family = ''] = text.split('|')
  return [given, family]
}

export const spellings: readonly TwoSpellings[] = [
  ...people(
    'Arabic',
    'احمد|خليل = Ahmad|Khalil; عمر|حسن = Omar|Hassan; عبد الله|سالم = Abdullah|Salem; ' +
      'إبراهيم|محمود = Ibrahim|Mahmoud; عبد الرحمن|طاهر = Abdulrahman|Taher; علي|منصور = Ali|Mansour',
  ),
  ...people('Arabic with vowel signs', 'مُحَمَّد|خَالِد = Mohammed|Khaled; سَمِير|نَاصِر = Samir|Nasser'),
  ...people(
    'Persian',
    'علی‌رضا|کریمی = Alireza|Karimi; زهرا|رستمی = Zahra|Rostami; پرویز|نادری = Parviz|Naderi',
  ),
  ...people('Pashto', 'نجیب‌الله|کرزی = Najibullah|Karzai; ګل|نورزی = Gul|Noorzai'),
  ...people('Urdu', 'بلال|قریشی = Bilal|Qureshi; عمران|بھٹی = Imran|Bhatti'),
  ...people('Sorani', 'ئازاد|ڕەشید = Azad|Rashid; شیلان|بارزانی = Shilan|Barzani'),
  ...people('Ethiopic', 'ተስፋይ|ሃይለ = Tesfay|Haile; ሰላም|ኪዳነ = Selam|Kidane; ዳዊት|ከበደ = Dawit|Kebede'),
  ...people('Hebrew', 'דוד|כהן = David|Cohen; אסתר|לוי = Ester|Levi'),
  ...people('Cyrillic', 'Борис|Иванов = Boris|Ivanov; Олександр|Бондаренко = Oleksandr|Bondarenko'),
  ...people('Greek', 'Δημήτρης|Παππάς = Dimitris|Pappas; Νίκος|Μακρής = Nikos|Makris'),
  ...people('Armenian', 'Արամ|Սարգսյան = Aram|Sargsyan; Տիգրան|Պետրոսյան = Tigran|Petrosyan'),
  ...people('Georgian', 'გიორგი|ბერიძე = Giorgi|Beridze; ნინო|კაპანაძე = Nino|Kapanadze'),
  ...people('Devanagari', 'राजेश|शर्मा = Rajesh|Sharma; सुनीता|थापा = Sunita|Thapa'),
  ...people('Bengali', 'রহিম|হোসেন = Rahim|Hossain; ফাতেমা|আলী = Fatema|Ali'),
  ...people('Gurmukhi', 'ਗੁਰਪ੍ਰੀਤ|ਢਿੱਲੋਂ = Gurpreet|Dhillon; ਮਨਜੀਤ|ਗਿੱਲ = Manjit|Gill'),
  ...people('Tamil', 'முருகன்|சிவகுமார் = Murugan|Sivakumar; லட்சுமி|ராஜன் = Lakshmi|Rajan'),
  ...people('Sinhala', 'නිමල්|පෙරේරා = Nimal|Perera; සුනිල්|සිල්වා = Sunil|Silva'),
  ...people('Han', '伟|王 = Wei|Wang; 明|李 = Ming|Li'),
  ...people('Hangul', '민수|김 = Minsu|Gim; 지훈|박 = Jihun|Bag'),
  ...people('Kana', 'さくら|たなか = Sakura|Tanaka; ケンジ|スズキ = Kenji|Suzuki'),
  ...people('Latin: Hausa', 'Ɓala|Ɗanladi = Bala|Danladi; Ƙande|Yar’Adua = Kande|Yaradua'),
  ...people('Latin: Akan and Ewe', 'Kɔfi|Ɔsei = Kofi|Osei; Ɛsi|Ŋutsu = Esi|Ngutsu'),
  ...people('Latin: Azerbaijani', 'Əli|Məmmədov = Eli|Memmedov; Günəş|Rəhimov = Gunes|Rehimov'),
  ...people('Latin: Maltese', 'Ġorġ|Ħaddad = Gorg|Haddad; Karm|Żammit = Karm|Zammit'),
  ...people('Latin: Turkish', 'İbrahim|Yıldız = Ibrahim|Yildiz; Ayşe|Öztürk = Ayse|Ozturk'),
  ...people('Latin: Vietnamese', 'Đức|Nguyễn = Duc|Nguyen; Ngọc Ánh|Phạm = Ngoc Anh|Pham'),
  ...people(
    'Latin: Yoruba and Igbo',
    'Ọláyínká|Akínwándé = Olayinka|Akinwande; Ṣadé|Ọkọnkwọ = Sade|Okonkwo',
  ),
  ...people(
    'Latin: Polish and Romanian',
    'Łukasz|Wójcik = Lukasz|Wojcik; Ștefan|Țurcanu = Stefan|Turcanu',
  ),
  ...people('Latin: Kurmanji', 'Şêrko|Îbrahîm = Serko|Ibrahim'),
]
