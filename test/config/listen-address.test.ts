import t from 'tap';
import { isLoopback, parseListenAddress, urlHost } from '../../src/config/listen-address.ts';

t.test('host and port', async (t) => {
  t.strictSame(parseListenAddress('127.0.0.1:7778'), { host: '127.0.0.1', port: 7778 });
  t.strictSame(parseListenAddress('[::]:0'), { host: '::', port: 0 });
  t.strictSame(parseListenAddress('localhost:65535'), { host: 'localhost', port: 65535 });
  for (const text of [
    '',
    ':7778',
    '7778',
    'localhost',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '300.0.0.1:80',
    '1.2.3:80',
    '::1:80',
    '[::1]',
    '[127.0.0.1]:80',
    'a b:80',
    'http://x:80',
    '-x:80',
  ]) {
    t.equal(parseListenAddress(text), undefined, text);
  }
});

t.test('which hosts only this machine can reach', async (t) => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1', '0:0:0:0:0:0:0:1']) {
    t.ok(isLoopback(host), host);
  }
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org', '::11', '127.example.org']) {
    t.notOk(isLoopback(host), host);
  }
  t.equal(urlHost('::1'), '[::1]');
  t.equal(urlHost('127.0.0.1'), '127.0.0.1');
});
