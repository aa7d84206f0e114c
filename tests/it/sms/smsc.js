// An SMSC for the tests: npm's `smpp` in server mode. Tells what happens on standard output, one JSON object a line, and does
// what standard input says, one JSON object a line:
//   {"status": 88}            answers submissions with this status (0: takes them)
//   {"only": 3}               … so many of them, then takes them again
//   {"silent": true}          answers nothing from now on; {"silent": false} answers what has waited, too
//   {"die": 5}                ends, like a power cut, when it has received so many submissions more, before it answers the last
//   {"receipts": "UNDELIV"}   the state of receipts; "" sends none; {"error": "NE:0106"} their code
//   {"ids": "hex_then_decimal"}  how ids are written in answers and receipts
//   {"early": true}           receipts go out before the answer
//   {"twice": true}           receipts go out twice
//   {"quiet": true}           tells nothing of single messages
//   {"bind": 5}               answers the next bind with this status
//   {"unbind": true}          ends all sessions, in order
// Arguments: the folder of node_modules, the port (0: any), the password, perhaps a key and a certificate for TLS.
'use strict';
const [modules, port, password, key, cert] = process.argv.slice(2);
const smpp = require(require('path').join(modules, 'smpp'));
const fs = require('fs');

const set = {status: 0, bind: 0, only: 0, silent: false, die: 0, receipts: 'DELIVRD', error: '000', ids: 'same', early: false, twice: false, quiet: false};
const waiting = [];
let number = Date.now() % 1000000;
const say = (what) => fs.writeSync(1, JSON.stringify(what) + '\n');

const written = (id, hex) => (hex ? id.toString(16).toUpperCase().padStart(8, '0') : String(id).padStart(10, '0'));

function receipt(session, pdu, id) {
  if (!set.receipts || !pdu.registered_delivery) return;
  const text = `id:${written(id, set.ids === 'decimal_then_hex')} sub:001 dlvrd:001 submit date:2611261200 ` +
    `done date:2611261201 stat:${set.receipts} err:${set.error} text:`;
  for (let time = 0; time < (set.twice ? 2 : 1); time++) {
    session.deliver_sm({esm_class: 4, source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, short_message: text},
      (answer) => say({acknowledged: answer.command_status, phone: pdu.destination_addr}));
  }
}

function take(session, pdu) {
  const id = ++number;
  if (set.early) receipt(session, pdu, id);
  // said first: it may die as soon as the answer is out
  if (!set.quiet) say({answered: pdu.destination_addr});
  session.send(pdu.response({message_id: written(id, set.ids === 'hex_then_decimal')}), () => {
    if (!set.early) receipt(session, pdu, id);
  });
}

const options = key ? {key: fs.readFileSync(key), cert: fs.readFileSync(cert)} : {};
const server = smpp.createServer(options, (session) => {
  session.socket.setNoDelay(true);
  session.on('error', () => {});
  session.on('bind_transceiver', (pdu) => {
    const right = pdu.password === password;
    say({bind: pdu.system_id, version: pdu.interface_version, right});
    const status = right ? set.bind : smpp.ESME_RINVPASWD;
    set.bind = 0;
    session.send(pdu.response({command_status: status}));
  });
  session.on('unbind', (pdu) => {
    say({unbind: true});
    session.send(pdu.response());
    session.close();
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('submit_sm', (pdu) => {
    const message = pdu.short_message;
    const header = message.udh ? message.udh[0] : null;
    if (!set.quiet) say({
      submit: pdu.destination_addr, from: pdu.source_addr, text: message.message, class: pdu.esm_class,
      coding: pdu.data_coding, registered: pdu.registered_delivery, udh: header ? header.toString('hex') : null,
    });
    if (set.die > 0 && --set.die === 0) process.kill(process.pid, 'SIGKILL');
    if (set.silent) {
      waiting.push([session, pdu]);
    } else if (set.status !== 0) {
      const status = set.status;
      if (set.only > 0 && --set.only === 0) set.status = 0;
      session.send(pdu.response({command_status: status}));
    } else {
      take(session, pdu);
    }
  });
});
server.on('error', (error) => { say({error: String(error)}); process.exit(1); });
server.listen(Number(port), '127.0.0.1', () => say({listening: server.address().port}));

require('readline').createInterface({input: process.stdin}).on('line', (line) => {
  const told = JSON.parse(line);
  Object.assign(set, told);
  if (told.unbind) server.sessions.slice().forEach((session) => session.unbind(() => session.close()));
  if (told.silent === false) waiting.splice(0).forEach(([session, pdu]) => take(session, pdu));
  say({set: true});
}).on('close', () => process.exit(0));
