intake partner init --label 'Kessingland Law' --no-passphrase
