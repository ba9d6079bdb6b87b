intake partner join answer.txt
. ~/.intake/partner.env
intake partner test
