import t from 'tap';
import { secretsIn } from '../../src/config/secrets.ts';

t.test('secrets are found by the names of their keys, wherever they are', async (t) => {
  const config = {
    http: { host: '127.0.0.1', trustProxy: ['192.0.2.1'] },
    auth: { tokens: ['first-token', 'second-token'], secret: 'a secret of 32 bytes' },
    iceServers: [{ urls: ['turn:turn.example.org'], credential: 'credential-1' }],
    recorder: {
      storage: { secretAccessKey: 'secret-access-key', accessKeyId: 'AKID12345', bucket: 'bucket' },
      sources: [
        { url: 'http://user:p%40ssword@node', token: 'source-token' },
        { whep: 'http://node/whep?access=in%20the+query&n=1' },
      ],
      webhooks: [
        { url: 'https://example.org/services/T0/x7Gk29dPq0aLmZ4eRt1v', secret: 'whsec_abcdefgh' },
      ],
    },
  };
  t.strictSame(secretsIn(config).sort(), [
    'AKID12345',
    'a secret of 32 bytes',
    'credential-1',
    'first-token',
    'in the query',
    'in%20the+query',
    'p%40ssword',
    'p@ssword',
    'second-token',
    'secret-access-key',
    'source-token',
    'whsec_abcdefgh',
    'x7Gk29dPq0aLmZ4eRt1v',
  ]);
});

t.test('a token that is a word of the log is left in it', async (t) => {
  t.strictSame(secretsIn({ token: 'live777' }), []);
});
