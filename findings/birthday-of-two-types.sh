#!/usr/bin/env bash
# fhir.resources 8.3.0 (PyPI): a patient's `birthDate`, which FHIR lets be a day, a month or a year.
#
# Guessed: one field has one type, whatever it holds, so that patients can be put in the order of their birthdays.
# Seen: a whole day is read as a `date`, a month or a year as text. The order works with each list in which all days are
# known, and fails with a TypeError on the first person of whom only the year is. What is written is right.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check fhir.resources==8.3.0
cat >birthdays.py <<'PY'
from fhir.resources.patient import Patient

patients = [Patient(birthDate=day) for day in ("1990-01-02", "1986-06-10", "1986-06", "1986")]
print("read as:", *(type(patient.birthDate).__name__ for patient in patients))
for some in (patients[:2], patients):
    try:
        print("in order:", *(patient.birthDate for patient in sorted(some, key=lambda one: one.birthDate)))
    except TypeError as error:
        print(type(error).__name__)
print("written:", patients[3].model_dump_json())
PY
seen=$(env/bin/python birthdays.py)
echo "$seen"
[ "$seen" = 'read as: date date str str
in order: 1986-06-10 1990-01-02
TypeError
written: {"resourceType":"Patient","birthDate":"1986"}' ]
