import t from 'tap';
import { readOffer } from '../../src/ingest/offer.ts';
import { readTrickleFragment, writeTrickleFragment } from '../../src/ingest/trickle-fragment.ts';
import type { Refusal } from '../../src/refusal.ts';
import { AUDIO, DATA, offerOf, VIDEO } from './offers.ts';

/** The form that RFC 9725 §4.3.2 shows. */
const FRAGMENT = [
  'a=group:BUNDLE 0 1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 63 111',
  'a=mid:0',
  'a=ice-ufrag:EsAw',
  'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1',
  'a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1',
  'a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0',
  'a=end-of-candidates',
  '',
].join('\r\n');
const CREDENTIALS = { ufrag: 'EsAw', password: 'P2uYro0UCOQ4zxjKXaWCBui1' };

t.test('reads credentials of a section and of the session', async (t) => {
  t.same(readTrickleFragment(FRAGMENT), CREDENTIALS);
  t.same(readTrickleFragment(`a=ice-ufrag:EsAw\na=ice-pwd:${CREDENTIALS.password}\n`), CREDENTIALS);
  t.equal(readTrickleFragment('a=end-of-candidates\r\n'), undefined);
});

t.test('refuses what is no fragment', async (t) => {
  const cases: [name: string, fragment: string][] = [
    ['nothing', ''],
    ['prose', 'hello'],
    ['a whole description', offerOf(VIDEO)],
    ['too long', `${FRAGMENT}${'a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n'.repeat(1000)}`],
    ['a user fragment alone', FRAGMENT.replace(/a=ice-pwd.*\r\n/, '')],
    ['a password alone', FRAGMENT.replace(/a=ice-ufrag.*\r\n/, '')],
    ['a short password', FRAGMENT.replace(/a=ice-pwd.*/, 'a=ice-pwd:short')],
    ['half a candidate', FRAGMENT.replace(/ typ host.*/, '')],
  ];
  for (const [name, fragment] of cases) {
    t.throws(
      () => readTrickleFragment(fragment),
      { name: 'Refusal', reason: 'bad-sdp' } as unknown as Refusal,
      name,
    );
  }
});

t.test('writes the answer to a restart as RFC 9725 §4.3.3 has it', async (t) => {
  const { sections } = readOffer(offerOf(DATA, VIDEO, AUDIO));
  const ice = { ufrag: 'ours', password: 'o'.repeat(22) };
  const text = writeTrickleFragment(sections, ice, [{ address: '192.0.2.7', port: 5000 }]);
  t.equal(
    text,
    [
      'a=ice-lite',
      'a=ice-options:trickle ice2',
      'a=group:BUNDLE 0 1',
      'm=video 9 UDP/TLS/RTP/SAVPF 102 103 108 109',
      'a=mid:0',
      'a=ice-ufrag:ours',
      `a=ice-pwd:${'o'.repeat(22)}`,
      'a=candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host',
      'a=end-of-candidates',
      'm=audio 9 UDP/TLS/RTP/SAVPF 63 111',
      'a=mid:1',
      'a=ice-ufrag:ours',
      `a=ice-pwd:${'o'.repeat(22)}`,
      '',
    ].join('\r\n'),
  );
  t.same(readTrickleFragment(text), ice);
});
