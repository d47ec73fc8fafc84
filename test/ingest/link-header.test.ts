import t from 'tap';
import { iceLinks } from '../../src/http/ice-links.ts';
import { iceServersOf, readLinks } from '../../src/ingest/link-header.ts';

t.test('reads what is written for publishers', async (t) => {
  const servers = [
    { urls: ['stun:stun.example.net'] },
    { urls: ['turn:turn.example.net?transport=udp'], username: 'a "b"; c', credential: 'd\\e,f' },
  ];
  t.same(iceServersOf(readLinks(iceLinks(servers).join(', '))), servers);
});

t.test('reads links as RFC 8288 has them', async (t) => {
  const header =
    '<stun:a>;rel=ice-server , </session/1/layer>; rel="urn:ietf:params:whep:ext:core:layer", ' +
    '<turn:b>; REL="other ICE-Server"; username=me; credential="x"; credential-type="password"';
  const links = readLinks(header);
  t.same(
    links.map(({ target, relations }) => [target, relations]),
    [
      ['stun:a', ['ice-server']],
      ['/session/1/layer', ['urn:ietf:params:whep:ext:core:layer']],
      ['turn:b', ['other', 'ice-server']],
    ],
  );
  t.same(iceServersOf(links), [
    { urls: ['stun:a'] },
    { urls: ['turn:b'], username: 'me', credential: 'x' },
  ]);
});

t.test('takes nothing from what is no link', async (t) => {
  for (const header of [null, '', 'stun:a; rel="ice-server"', '<stun:a', ';;;', '<>']) {
    t.same(iceServersOf(readLinks(header)), []);
  }
  t.same(iceServersOf(readLinks('<stun:a>; rel="ice-server"; username="open')), [
    { urls: ['stun:a'], username: '' },
  ]);
});
