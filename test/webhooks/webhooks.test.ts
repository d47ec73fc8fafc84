import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/clock/clock.ts';
import { EventLog } from '../../src/events/event-log.ts';
import { isWebhookSecret } from '../../src/webhooks/webhook-signature.ts';
import { Webhooks, type WebhooksOptions } from '../../src/webhooks/webhooks.ts';
import { until } from '../server/until.ts';
import { ManualClock } from '../sources/manual-clock.ts';
import { Receiver } from './receiver.ts';

const SECRET = `whsec_${Buffer.alloc(32, 'secret of the test').toString('base64')}`;
const GONE = { start_ts: 1, end_ts: 2, segments: 1, bytes: 3, reason: 'max_age' } as const;
const EMITTER = path.join(import.meta.dirname, 'emitter-to-kill.ts');
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

/** Events and webhooks under a simulated clock, which post to a real receiver. */
async function setUp(t: Test, more: Partial<WebhooksOptions> & { secret?: string } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'recorder-webhooks-'));
  const clock = new ManualClock();
  const lines: string[] = [];
  const line = (fields: object, message: string) =>
    lines.push(`${message} ${JSON.stringify(fields)}`);
  const log = { info: line, warn: line, error: line };
  const receiver = await Receiver.down(SECRET);
  const events = await EventLog.open({
    ...{ path: path.join(folder, 'events.jsonl'), node: 'n1', log, now: () => clock.nowUs() },
  });
  const options = {
    ...{ webhooks: [{ url: receiver.url, events: ['*'], secret: more.secret ?? SECRET }] },
    ...{ folder: path.join(folder, 'webhooks'), node: 'n1', log, clock, random: () => 1, ...more },
  };
  const webhooks = await Webhooks.open(options);
  events.listen(webhooks.take);
  t.teardown(async () => {
    await events.close();
    await webhooks.close();
    await receiver.stop();
    rmSync(folder, { recursive: true });
  });
  const emit = (stream?: string) => events.emit('media.deleted', GONE, stream);
  const state = () => webhooks.state()[0]!;
  /** Lets time pass, and waits after each second until an attempt that is due then has failed. */
  const failFor = async (ms: number, meanwhile = (_second: number) => {}) => {
    for (let second = 0; second < ms / 1000; second++) {
      meanwhile(second);
      clock.advance(1000);
      await until('the attempt to fail', () => state().waiting === 0 || clock.isDueWithin(DAY));
    }
  };
  return { clock, lines, receiver, events, webhooks, options, emit, state, failFor, folder };
}

t.test('a receiver is down for ten minutes, then up: each event, in order', async (t) => {
  const { clock, lines, receiver, emit, state, failFor } = await setUp(t);
  await failFor(10 * MINUTE, (second) => {
    emit(`cam${second % 3}`);
    if (second % 60 === 0) emit();
  });
  const { failures } = state();
  t.ok(failures >= 8 && failures <= 14, `${failures} attempts: with backoff`);
  t.equal(state().waiting, 610);
  await receiver.start();
  clock.advance(5 * MINUTE);
  await until('everything to be accepted', () => state().waiting === 0);
  t.equal(receiver.accepted.length, 610);
  for (const stream of ['cam0', 'cam1', 'cam2', undefined]) {
    const ids = receiver.accepted.filter((each) => each.stream === stream).map(({ id }) => id);
    t.strictSame(ids, [...ids].sort(), `${stream} in order`);
    t.equal(ids.length, new Set(ids).size, `${stream} once each`);
  }
  const [first] = receiver.accepted;
  t.equal(first!.headers['webhook-id'], first!.id);
  t.match(first!.headers, {
    'content-type': 'application/json',
    'webhook-timestamp': /^\d{10}$/,
    'webhook-signature': /^v1,/,
  });
  t.match(lines, [/unavailable; events wait .*ECONNREFUSED/, /available again/]);
  t.notMatch(lines.join('\n'), /whsec|hidden/);
  const { webhook } = state();
  t.match(webhook, /^http:\/\/127\.0\.0\.1:\d+#[0-9a-f]{8}$/, 'its path may be a secret');
  t.match(state(), { delivered: 610, failures });
});

t.test('what waits survives a process that just ends', async (t) => {
  const { clock, receiver, events, webhooks, options, emit, failFor } = await setUp(t);
  for (const stream of ['a', 'b', 'a']) emit(stream);
  await failFor(1000);
  await webhooks.written();
  const ids = events.after(0).map(({ stamp }) => `evt_${stamp}`);
  // Never closed, and its clock stands still: it is as good as killed.
  const again = await Webhooks.open({ ...options, clock: new ManualClock() });
  t.teardown(() => again.close());
  await until('an attempt', () => again.state()[0]!.failures > 0);
  await receiver.start();
  t.equal(again.state()[0]!.waiting, 3);
  t.equal(clock.isDueWithin(DAY), true);
  await again.close();
  const third = await Webhooks.open({ ...options, clock: new ManualClock() });
  await until('everything to be accepted', () => third.state()[0]!.waiting === 0);
  await third.close();
  t.strictSame(receiver.accepted.map(({ id }) => id).sort(), ids);
  t.strictSame(receiver.streams.filter((stream) => stream === 'a').length, 2);
});

t.test('what was told before kill -9 is delivered after it', async (t) => {
  const { receiver, options, folder } = await setUp(t);
  await receiver.start();
  const told: string[] = [];
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, [EMITTER, folder, receiver.url, SECRET]);
    const lines = createInterface({ input: child.stdout });
    const most = told.length + 20 + Math.floor(Math.random() * 200);
    for await (const id of lines) {
      told.push(id);
      if (told.length >= most) child.kill('SIGKILL');
    }
  }
  t.ok(told.length > 60, `${told.length} events`);
  const webhooks = await Webhooks.open({ ...options, clock: systemClock });
  t.teardown(() => webhooks.close());
  await until('everything to be accepted', () => webhooks.state()[0]!.waiting === 0);
  const accepted = new Set(receiver.accepted.map(({ id }) => id));
  t.strictSame(
    told.filter((id) => !accepted.has(id)),
    [],
  );
  for (const stream of ['cam0', 'cam1', 'cam2']) {
    const ids = receiver.accepted.filter((each) => each.stream === stream).map(({ id }) => id);
    // An event may come again after a restart, when it was accepted just before.
    const again = ids.filter((id, at) => at > 0 && id < ids[at - 1]!);
    t.strictSame(again, [], `${stream} in order`);
    t.ok(ids.length - new Set(ids).size <= 3, `${stream} hardly ever twice`);
  }
});

t.test('an event that is refused holds up its stream alone, for a day', async (t) => {
  const { clock, lines, receiver, emit, state } = await setUp(t);
  receiver.answer = ({ stream }) =>
    stream === 'bad' ? { status: 400, headers: { 'retry-after': '3600' } } : 204;
  await receiver.start();
  emit('bad');
  emit('bad');
  emit('good');
  await until('the refusal', () => state().failures === 1 && state().delivered === 1);
  t.match(lines, [/refuses an event.*"stream":"bad"/]);
  for (let hour = 1; hour < 24; hour++) {
    clock.advance(60 * MINUTE);
    await until('the next refusal', () => state().failures === hour + 1);
    t.equal(state().dropped, 0, `hour ${hour}`);
  }
  await until('both to be given up', () => {
    clock.advance(MINUTE);
    return state().dropped === 2;
  });
  t.equal(state().waiting, 0);
  t.match(lines.join('\n'), /NOT delivered.*refused for a day \(HTTP 400\)/);
});

t.test('after a day without a receiver what is a day old is given up', async (t) => {
  const { clock, lines, emit, state, failFor } = await setUp(t);
  for (let n = 0; n < 5; n++) emit('cam1');
  await failFor(1000);
  clock.advance(23 * 60 * MINUTE);
  await until('the attempt to fail', () => clock.isDueWithin(DAY));
  emit('cam1');
  t.equal(state().waiting, 6);
  for (let n = 0; n < 14; n++) await failFor(1000, () => clock.advance(5 * MINUTE));
  t.equal(state().waiting, 1, 'not an hour old');
  t.equal(state().dropped, 5);
  t.match(lines.at(-1), /NOT delivered.*"events":5.*ECONNREFUSED/);
});

t.test('of too many the oldest are dropped, counted and logged', async (t) => {
  const { lines, receiver, emit, state, clock, failFor } = await setUp(t, { mostWaiting: 10 });
  for (let n = 0; n < 25; n++) emit(`cam${n}`);
  t.match(state(), { waiting: 10, dropped: 15 });
  t.equal(lines.filter((line) => /NOT delivered.*too many/.test(line)).length, 1);
  await failFor(1000);
  await receiver.start();
  clock.advance(5 * MINUTE);
  await until('the rest to be accepted', () => state().waiting === 0);
  t.strictSame(
    new Set(receiver.streams),
    new Set(Array.from({ length: 10 }, (_, n) => `cam${n + 15}`)),
  );
});

t.test('a stream with much to tell leaves others their turn', async (t) => {
  const { clock, receiver, emit, state, failFor } = await setUp(t);
  for (let n = 0; n < 20; n++) for (const stream of ['a', 'b', 'c', 'd', 'e', 'f']) emit(stream);
  await failFor(1000);
  await receiver.start();
  clock.advance(5 * MINUTE);
  await until('everything to be accepted', () => state().waiting === 0);
  t.ok(receiver.streams.indexOf('f') < 20, `f at ${receiver.streams.indexOf('f')} of 120`);
});

t.test('410 ends it, 429 is waited for, redirects are not followed', async (t) => {
  const { clock, lines, receiver, webhooks, options, emit, state } = await setUp(t);
  let elsewhere = 0;
  const other = createServer((_request, response) => {
    elsewhere++;
    response.end();
  }).listen(0, '127.0.0.1');
  t.teardown(() => other.close());
  await receiver.start();
  receiver.answer = () => ({ status: 429, headers: { 'retry-after': '120' } });
  emit('cam1');
  await until('the first attempt', () => state().failures === 1);
  clock.advance(119_000);
  t.equal(clock.isDueWithin(0), false);
  t.equal(receiver.requests, 1, 'not before the time that it asked for');
  const location = `http://127.0.0.1:${(other.address() as { port: number }).port}/`;
  receiver.answer = () => ({ status: 308, headers: { location } });
  clock.advance(1000);
  await until('the second attempt', () => state().failures === 2);
  t.equal(elsewhere, 0);
  receiver.answer = () => 410;
  clock.advance(5 * MINUTE);
  await until('the third attempt', () => state().failures === 3);
  t.match(state(), { waiting: 0, dropped: 1 });
  emit('cam1');
  t.equal(state().waiting, 0, 'nothing waits for one who is gone');
  t.match(lines.at(-1), /gone \(410\)/);
  receiver.answer = () => 200;
  await webhooks.apply(options.webhooks);
  emit('cam2');
  await until('it to be accepted', () => state().waiting === 0 && receiver.accepted.length === 1);
});

t.test('the configuration decides what is sent, to whom, and with which key', async (t) => {
  const other = `whsec_${Buffer.alloc(24, 'another').toString('base64')}`;
  const { receiver, webhooks, options, emit, state, events, folder, lines } = await setUp(t, {
    secret: other,
  });
  const { url } = receiver;
  await webhooks.apply([{ url, events: ['disk.*', 'recording.gap'], secret: SECRET }]);
  await receiver.start();
  emit('cam1');
  events.emit('disk.recovered', {
    ...{ disk: 'spool', resource: 'space', free_bytes: 5, total_bytes: 9 },
  });
  await until('it to be accepted', () => receiver.accepted.length === 1);
  t.match(receiver.accepted, [{ type: 'disk.recovered' }]);
  t.match(await readdir(path.join(folder, 'webhooks')), [/^[0-9a-f]{16}\.jsonl$/]);
  await webhooks.apply([]);
  t.strictSame(webhooks.state(), []);
  t.strictSame(await readdir(path.join(folder, 'webhooks')), []);
  t.match(lines.at(-1), /removed the queue/);
  emit('cam1');
  await webhooks.apply(options.webhooks);
  t.match(state(), { waiting: 0 });
});

t.test('secrets of the specification', async (t) => {
  for (const [bytes, valid] of [
    [23, false],
    [24, true],
    [64, true],
    [65, false],
  ] as const) {
    t.equal(isWebhookSecret(`whsec_${Buffer.alloc(bytes, 7).toString('base64')}`), valid);
  }
  const key = Buffer.alloc(32, 7).toString('base64');
  for (const wrong of [
    '',
    key,
    'whsec_',
    `whsec_${key.slice(1)}`,
    `whsec_${key} `,
    `whpk_${key}`,
  ]) {
    t.equal(isWebhookSecret(wrong), false, wrong);
  }
});
