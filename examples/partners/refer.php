<?php
// Refers a draft: `php refer.php draft.json`. Needs PHP 8.1 as it comes (openssl, sodium), and `intake`.
// Exit codes: 0, acknowledged; 1, refused, and a person has to look; 75, not answered yet: call it again.
declare(strict_types=1);

const BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

function setting(string $name): string
{
    $value = getenv($name);
    return $value === false ? throw new RuntimeException("$name is not set: . partner.env") : $value;
}

function base64url(string $data): string
{
    return sodium_bin2base64($data, SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING);
}

function signedByClientKey(string $message): string
{
    $file = json_decode(file_get_contents(setting('INTAKE_CLIENT_KEY')), true);
    $seed = sodium_base642bin($file['secrets']['d'], SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING);
    $pair = sodium_crypto_sign_seed_keypair($seed);
    return sodium_crypto_sign_detached($message, sodium_crypto_sign_secretkey($pair));
}

/** Status and body; no answer throws. */
function request(string $method, string $url, array $headers, string $body): array
{
    $http = ['method' => $method, 'header' => $headers, 'content' => $body];
    $http += ['ignore_errors' => true, 'timeout' => 75];
    $answer = @file_get_contents($url, false, stream_context_create(['http' => $http]));
    if ($answer === false) {
        throw new RuntimeException('the service did not answer');
    }
    return [(int) explode(' ', $http_response_header[0])[1], json_decode($answer, true)];
}

/** Signs in (RFC 7523): the token is good for five minutes, an assertion for one call. */
function newToken(): string
{
    [$now, $client] = [time(), setting('INTAKE_CLIENT')];
    $claims = ['iss' => $client, 'sub' => $client, 'aud' => setting('INTAKE_ISSUER')];
    $claims += ['jti' => bin2hex(random_bytes(16)), 'iat' => $now, 'exp' => $now + 60];
    $parts = [['alg' => 'Ed25519', 'typ' => 'JWT'], $claims];
    $signing = implode('.', array_map(fn ($part) => base64url(json_encode($part)), $parts));
    $form = ['grant_type' => 'client_credentials', 'client_assertion_type' => BEARER];
    $form += ['client_assertion' => $signing . '.' . base64url(signedByClientKey($signing))];
    $form += ['scope' => 'referrals:submit'];
    $headers = ['Content-Type: application/x-www-form-urlencoded'];
    $body = http_build_query($form);
    [$status, $answer] = request('POST', setting('INTAKE_TOKEN_ENDPOINT'), $headers, $body);
    if ($status !== 200) {
        fwrite(STDERR, "signing in was refused: $status " . ($answer['error'] ?? '') . "\n");
        exit($status === 429 || $status >= 500 ? 75 : 1);
    }
    return $answer['access_token'];
}

/** The bytes that were kept, or new ones, which are on the disk before anything is sent. */
function sealed(string $draft, string $kept): string
{
    if (!file_exists($kept)) {
        if (!is_file($draft)) {
            fwrite(STDERR, "there is no draft $draft\n");
            exit(1);
        }
        $pipes = [['file', $draft, 'r'], ['pipe', 'w'], ['pipe', 'w']];
        $seal = proc_open(['intake', 'seal', '--json'], $pipes, $ends);
        $envelope = stream_get_contents($ends[1]);
        $fault = stream_get_contents($ends[2]);
        if (proc_close($seal) !== 0) {
            fwrite(STDERR, $fault);
            exit(str_contains($fault, '"retry":"later"') ? 75 : 1);
        }
        $part = fopen("$kept.part", 'w');
        fwrite($part, $envelope);
        fsync($part);
        fclose($part);
        rename("$kept.part", $kept);
    }
    return file_get_contents($kept);
}

function send(string $envelope): array
{
    $id = json_decode($envelope, true)['header']['referralId'];
    $headers = ['Authorization: Bearer ' . newToken(), 'Content-Type: application/json'];
    return request('PUT', setting('INTAKE_URL') . "/v1/referrals/$id", $headers, $envelope);
}

$draft = $argv[1] ?? '';
$kept = preg_replace('/\.json$/', '', $draft) . '.sealed';
for ($tries = 0; $tries < 2; $tries++) {
    try {
        [$status, $answer] = send(sealed($draft, $kept));
    } catch (RuntimeException $error) {
        fwrite(STDERR, "no answer; the bytes are kept in $kept: {$error->getMessage()}\n");
        exit(75);
    }
    if ($status === 200 || $status === 201) {
        unlink($kept);
        exit("acknowledged, with the reference {$answer['reference']}\n");
    }
    fwrite(STDERR, "$status: " . ($answer['title'] ?? '') . '. ' . ($answer['next'] ?? '') . "\n");
    if (($answer['retry'] ?? 'later') === 'later') {
        exit(75);
    }
    if ($status === 401 || $status === 403) {
        exit(1); // about you, and not about the bytes, which are kept
    }
    unlink($kept); // refused: not stored, and never will be
    if ($answer['retry'] === 'never') {
        exit(1);
    }
}
exit(1);
