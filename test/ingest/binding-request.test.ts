import t from 'tap';
import { classes, Message, methods } from 'werift';
import { MAX_STUN_BYTES, readBindingRequest } from '../../src/ingest/binding-request.ts';

t.test('reads the sample request of RFC 5769 §2.1', async (t) => {
  const datagram = Buffer.from(
    '000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74' +
      '002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020' +
      '000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf',
    'hex',
  );
  const passwords: Record<string, string> = { evtj: 'VOkJxbRl1RmTxUk/WvJxBt' };
  t.match(
    readBindingRequest(datagram, (ufrag) => passwords[ufrag]),
    {
      ufrag: 'evtj',
      nominates: false,
      controlled: true,
      transactionId: Buffer.from('b7e7a701bc34d686fa87dfae', 'hex'),
    },
  );
  t.equal(
    readBindingRequest(datagram, () => 'VOkJxbRl1RmTxUk/WvJxBu'),
    undefined,
    'another password',
  );
  t.equal(
    readBindingRequest(datagram, () => undefined),
    undefined,
    'another name',
  );
  const fingerprintAt = datagram.length - 8;
  for (let i = 0; i < fingerprintAt; i++) {
    const spoilt = Buffer.from(datagram);
    spoilt[i]! ^= 1;
    if (readBindingRequest(spoilt, (ufrag) => passwords[ufrag])) t.fail(`byte ${i} is not covered`);
    readBindingRequest(datagram.subarray(0, i), (ufrag) => passwords[ufrag]);
  }
});

/** A request with valid integrity by another implementation. */
function signed(): Message {
  return new Message(methods.BINDING, classes.REQUEST)
    .setAttribute('USERNAME', 'ours:theirs')
    .setAttribute('ICE-CONTROLLING', 1n)
    .addMessageIntegrity(Buffer.from('secret'));
}

/** The request with bytes added behind, whose length it says again. */
function appended(request: Buffer, added: string): Buffer {
  const longer = Buffer.concat([request, Buffer.from(added, 'hex')]);
  longer.writeUInt16BE(longer.length - 20, 2);
  return longer;
}

t.test('what somebody without the password appends to a check spoils it', async (t) => {
  const read = (datagram: Buffer) => readBindingRequest(datagram, () => 'secret');
  t.equal(read(signed().bytes)?.nominates, false);
  t.equal(read(signed().addFingerprint().bytes)?.ufrag, 'ours');
  t.equal(read(appended(signed().bytes, '00250000')), undefined, 'USE-CANDIDATE');
  t.equal(read(appended(signed().bytes, '0006000461623a63')), undefined, 'USERNAME');
  t.equal(read(appended(signed().bytes, '8028000400000000')), undefined, 'a wrong FINGERPRINT');
  t.equal(read(appended(signed().addFingerprint().bytes, '00250000')), undefined, 'behind it');
});

t.test('a datagram that no path carries whole is not looked at', async (t) => {
  const long = signed().appendRawAttribute(0xc001, Buffer.alloc(MAX_STUN_BYTES));
  long.addMessageIntegrity(Buffer.from('secret'));
  t.equal(
    readBindingRequest(long.bytes, () => 'secret'),
    undefined,
  );
});
