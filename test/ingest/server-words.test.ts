import t from 'tap';
import { serverWords } from '../../src/ingest/server-words.ts';

const TARGET = {
  url: 'https://user:pass-word@host/whep/cam1?key=sEcr3t%2Bkey&x=ab',
  token: 'tok/en-of-this-test',
};

t.test('what we gave in confidence is repeated nowhere', (t) => {
  for (const text of [
    'no stream for tok/en-of-this-test',
    'no stream for tok%2Fen-of-this-test',
    'authorization: Bearer another.token.of-a-kind',
    '{"headers":{"Authorization":"Basic dXNlcjpwYXNz"}}',
    'GET /whep/cam1?key=sEcr3t%2Bkey&x=ab: not found',
    'key sEcr3t+key is unknown',
    'key sEcr3t%2Bkey is unknown',
    'user pass-word is unknown',
    `${'x'.repeat(195)}tok/en-of-this-test`,
  ]) {
    t.notMatch(serverWords(text, TARGET), /tok(?:\/|%2F)|sEcr|another|dXNl|pass-word/, text);
  }
  t.equal(serverWords('stream abc has 3 tabs', TARGET), 'stream abc has 3 tabs');
  t.end();
});

t.test('one line without control characters, and not a long one', (t) => {
  t.equal(serverWords('\n first\u001b[31m line\r\nsecond', TARGET), 'first[31m line');
  t.equal(serverWords('a\u2028b', TARGET), 'a');
  t.equal(serverWords('y'.repeat(9000), TARGET).length, 200);
  t.equal(serverWords('', TARGET), '');
  t.equal(serverWords('fine', { url: 'no address' }), 'fine');
  t.end();
});
