#!/usr/bin/env bash
# nodemailer 10.6.1 and smtp-server 3.21.6 (npm), aiosmtpd 1.4.6 (PyPI): a recipient whose domain is not in ASCII.
#
# Guessed: a server tells its handler the address as it came in `RCPT TO`, so that it can be looked up among those that
# it was told of, and so that two servers are told the same.
# Seen: nodemailer sends the domain in its ASCII form, without SMTPUTF8, and says so in its result. aiosmtpd hands that
# on; smtp-server makes the letters of it again, so that the address it tells is not the one that was sent, and
# not the one that the sender has on record.
set -euo pipefail
cd "$(mktemp -d)"
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts nodemailer@10.6.1 smtp-server@3.21.6 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check aiosmtpd==1.4.6
cat >server.py <<'PY'
import asyncio

from aiosmtpd.smtp import SMTP


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        envelope.rcpt_tos.append(address)
        with open("told", "w") as file:
            file.write(address)
        return "250 OK"


async def main():
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Handler()), "127.0.0.1", 0)
    with open("port", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    await asyncio.Event().wait()


asyncio.run(main())
PY
env/bin/python server.py &
server=$!
until [ -s port ]; do sleep 0.1; done
cat >send.cjs <<'JS'
const nodemailer = require('nodemailer')
const { SMTPServer } = require('smtp-server')

const own = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  onRcptTo: ({ address }, _, done) => (console.log(`smtp-server is told ${address}`), done()),
  onData: (stream, _, done) => stream.resume().on('end', done),
})
const send = async (port) => {
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port, ignoreTLS: true })
  const message = { from: 'a@clinic.example', to: 'b@bücher.example', text: 'x' }
  const { envelope } = await transport.sendMail(message)
  transport.close()
  return envelope.to[0]
}
own.listen(0, '127.0.0.1', async () => {
  console.log(`sent to ${await send(own.server.address().port)}`)
  await send(Number(process.argv[2]))
  own.close()
})
JS
seen=$(timeout 30 node send.cjs "$(cat port)"; echo "aiosmtpd is told $(cat told)")
echo "$seen"
[ "$seen" = 'smtp-server is told b@bücher.example
sent to b@xn--bcher-kva.example
aiosmtpd is told b@xn--bcher-kva.example' ]
