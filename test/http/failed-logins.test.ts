import t from 'tap';
import { FailedLogins } from '../../src/http/failed-logins.ts';
import { ManualClock } from '../sources/manual-clock.ts';
import { testApp } from './test-app.ts';

function watched() {
  const lines: object[] = [];
  const clock = new ManualClock();
  const log = { warn: (fields: object) => lines.push(fields) };
  const logins = new FailedLogins({ log, clock });
  /** Addresses whose answers went out, in order. */
  const answered: string[] = [];
  const fail = async (ip: string, times = 1) => {
    for (let time = 0; time < times; time++) {
      void logins.failed(ip).then(() => answered.push(ip));
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { lines, clock, logins, answered, fail };
}

t.test('they are told once a minute, with address and count', async (t) => {
  const { lines, clock, fail } = watched();
  await fail('192.0.2.1', 3);
  clock.advance(30_000);
  await fail('192.0.2.2');
  t.strictSame(lines, []);
  clock.advance(30_000);
  t.strictSame(lines.splice(0), [
    { address: '192.0.2.1', failures: 3 },
    { address: '192.0.2.2', failures: 1 },
  ]);
  clock.advance(3_600_000);
  t.strictSame(lines, [], 'and not at all where there are none');
  t.notOk(clock.isDueWithin(3_600_000));
});

t.test('from the tenth on they are answered late, and those of others are not', async (t) => {
  const { clock, answered, fail } = watched();
  await fail('192.0.2.1', 12);
  t.equal(answered.length, 9);
  await fail('192.0.2.2');
  t.equal(answered.at(-1), '192.0.2.2');
  clock.advance(999);
  await fail('192.0.2.3');
  t.equal(answered.length, 11);
  clock.advance(1);
  await fail('192.0.2.3');
  t.equal(answered.length, 15, 'a second later');
});

t.test(
  'who goes on is answered late in the next minute too, until there is a quiet one',
  async (t) => {
    const { clock, answered, fail, lines } = watched();
    await fail('192.0.2.1', 10);
    clock.advance(60_000);
    await fail('192.0.2.1', 0);
    answered.length = 0;
    await fail('192.0.2.1');
    t.strictSame(answered, []);
    clock.advance(120_000);
    await fail('192.0.2.1');
    t.equal(answered.length, 2);
    t.strictSame(
      lines.map((line) => (line as { failures: number }).failures),
      [10, 1],
    );
  },
);

t.test('a network of IPv6 is one, and addresses without end take no memory', async (t) => {
  const { lines, clock, fail } = watched();
  for (const ip of ['2001:db8::1', '2001:db8:0:0:1:2:3:4', '2001:db8:0:0::9', '::1'])
    await fail(ip);
  await fail('::ffff:192.0.2.1');
  clock.advance(60_000);
  t.strictSame(lines.splice(0), [
    { address: '2001:db8:0:0::/64', failures: 3 },
    { address: '0:0:0:0::/64', failures: 1 },
    { address: '::ffff:192.0.2.1', failures: 1 },
  ]);
  for (let n = 0; n < 1500; n++) await fail(`10.0.${n >> 8}.${n & 255}`);
  clock.advance(60_000);
  t.equal(lines.length, 1001);
  t.match(lines.at(-1), { address: 'others', failures: 500 });
});

t.test('not more than a thousand answers wait, and none when it closes', async (t) => {
  const { answered, logins, fail, lines } = watched();
  await fail('192.0.2.1', 1200);
  t.equal(answered.length, 200);
  logins.close();
  await fail('192.0.2.1');
  t.equal(answered.length, 1201);
  t.match(lines, [{ failures: 1200 }]);
});

t.test('a right token is answered at once from an address that guesses', async (t) => {
  const { app, logged } = await testApp(t, '[auth]\ntokens = ["a-token-of-this-test"]');
  const ask = (authorization?: string) =>
    app.inject({ url: '/api/sources', headers: { ...(authorization && { authorization }) } });
  for (let n = 0; n < 20; n++) t.equal((await ask()).statusCode, 401, 'no token is no guess');
  for (let n = 0; n < 9; n++) t.equal((await ask('Bearer wrong')).statusCode, 401);
  const late: Promise<unknown>[] = [];
  let answered = 0;
  for (let n = 0; n < 5; n++) late.push(ask('Bearer wrong').then(() => answered++));
  t.equal((await ask('Bearer a-token-of-this-test')).statusCode, 200);
  t.equal(answered, 0);
  await app.close();
  await Promise.all(late);
  t.match(
    logged.filter(({ level }) => level === 'warn'),
    [{ address: '127.0.0.1', failures: 14, msg: /token that is not valid/ }],
  );
  t.notMatch(JSON.stringify(logged), 'wrong');
});
