import { bestLayer } from '../../src/ingest/best-layer.ts';
import { iceServersOf, readLinks } from '../../src/ingest/link-header.ts';
import { readTrickleFragment } from '../../src/ingest/trickle-fragment.ts';
import { Refusal } from '../../src/refusal.ts';
import { type FuzzTarget, must } from '../target.ts';

/** One text as a trickle fragment and as a `Link` header. */
export const target: FuzzTarget = {
  covers: [
    'src/ingest/trickle-fragment.ts',
    'src/ingest/link-header.ts',
    'src/ingest/sdp-lines.ts',
    'src/ingest/best-layer.ts',
  ],
  maxBytes: 65_536,
  lines: true,
  dictionary: [
    ...[
      'a=ice-ufrag:EsAw\r\n',
      'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n',
      'a=mid:0\r\n',
      'a=end-of-candidates\r\n',
    ],
    ...['a=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n', 'm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n'],
    ...[
      '<stun:a>; rel="ice-server"',
      '; username="u"',
      '; credential="\\""',
      ', <turn:b>',
      ';',
      '"',
      '\\',
    ],
  ],
  seeds: () => [
    Buffer.from(
      'a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n' +
        'a=mid:0\r\na=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\n' +
        'a=end-of-candidates\r\n',
    ),
    Buffer.from(
      '<stun:stun.example.org:3478>; rel="ice-server", <turn:t>; rel="ice-server"; username="u"; ' +
        'credential="a\\"b"; credential-type=password',
    ),
    Buffer.from('</whep/a/layer>; rel="urn:ietf:params:whep:ext:core:layer x"'),
  ],
  run(input) {
    const text = input.toString();
    checkFragment(text);
    const links = readLinks(text);
    must(links.length * 2 <= text.length, 'a link has brackets');
    let characters = 0;
    for (const { target, relations, parameters } of links) {
      characters += target.length + relations.join('').length;
      for (const value of parameters.values()) characters += value.length;
    }
    must(characters <= 2 * text.length, 'what is read is in the text');
    must(iceServersOf(links).length <= links.length, 'a server is a link');
    bestLayer(text.split('\n').map((encodingId) => ({ encodingId })));
  },
};

function checkFragment(text: string): void {
  try {
    const credentials = readTrickleFragment(text);
    if (credentials === undefined) return;
    must(/^[A-Za-z0-9+/]{4,256}$/.test(credentials.ufrag), 'a user fragment has a form');
    must(/^[A-Za-z0-9+/]{22,256}$/.test(credentials.password), 'a password has a form');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    must(error.reason === 'bad-sdp', 'a fragment is refused as malformed');
    must(error.message.length < 1000, 'a refusal is short');
  }
}
