#!/usr/bin/env bash
# langdetect 1.0.9, lingua-language-detector 2.1.1 and py3langid 0.4.0 (PyPI): texts in languages that they do not know.
#
# Guessed: a text in a language that a library was not taught gets no language, or one with little confidence: it shares
# half its letters or words with none.
# Seen: the nearest language, and nearly certainly. Sorani is Persian to langdetect and Arabic to lingua, each with
# 1.00; Pashto is Persian to both, Oromo is Somali to langdetect with 1.00, and Tigrinya Amharic to py3langid. An
# interpreter booked by such an answer is one for another language.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check langdetect==1.0.9 py3langid==0.4.0 \
  lingua-language-detector==2.1.1
cat >detect.py <<'PY'
from langdetect import DetectorFactory, detect_langs
from langdetect.lang_detect_exception import LangDetectException
from lingua import LanguageDetectorBuilder
from py3langid import classify

# Each: I want to see a doctor this morning, my head aches badly.
texts = {
    "Sorani": "ئەمڕۆ بەیانی دەمەوێت بچم بۆ لای دکتۆر سەرم زۆر دێشێت",
    "Pashto": "نن سهار غواړم ډاکټر ته لاړ شم سر مې ډېر خوږېږي",
    "Oromo": "Har'a ganama gara ogeessa fayyaa deemuu nan barbaada mataan koo baay'ee na dhukkuba",
    "Tigrinya": "ሎሚ ንግሆ ናብ ሓኪም ክኸይድ እደሊ ኣለኹ ርእሰይ ብጣዕሚ ይሕመም ኣሎ",
}
DetectorFactory.seed = 0
lingua = LanguageDetectorBuilder.from_all_languages().build()
for language, text in texts.items():
    try:
        first = detect_langs(text)[0]
        langdetect = f"{first.lang} {first.prob:.2f}"
    except LangDetectException:
        langdetect = "none"
    best = lingua.compute_language_confidence_values(text)[0]
    found = f"{best.language.iso_code_639_1.name.lower()} {best.value:.2f}" if best.value else "none"
    print(f"{language}: langdetect {langdetect}, lingua {found}, py3langid {classify(text)[0]}")
PY
seen=$(env/bin/python detect.py)
echo "$seen"
[ "$seen" = 'Sorani: langdetect fa 1.00, lingua ar 1.00, py3langid sdh
Pashto: langdetect fa 1.00, lingua fa 0.96, py3langid ps
Oromo: langdetect so 1.00, lingua so 0.33, py3langid om
Tigrinya: langdetect none, lingua none, py3langid am' ]
