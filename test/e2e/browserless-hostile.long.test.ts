import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import t, { type Test } from 'tap';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { type RawReply, rawRequest } from '../server/raw-request.ts';
import { recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const SDP_TYPE = { 'content-type': 'application/sdp' };

/** Ids as they stand in the address. */
const BAD_IDS = {
  'dots and slashes': '../../etc/passwd',
  'encoded slashes': '..%2f..%2fetc%2fpasswd',
  'all of it encoded': '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  'a zero byte': '%00',
  'a zero byte inside': 'cam%00.m4s',
  'a newline': 'cam%0a',
  'half a character': '%e0%a4',
  'a stray percent sign': '%',
  'dots only': '..',
  '300 characters': 'a'.repeat(300),
};

const BAD_OFFERS: Record<string, string | Buffer> = {
  'an empty body': '',
  'a word': 'hello',
  'a version alone': 'v=0\r\n',
  'no media': 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n',
  'random bytes': randomBytes(2000),
  JSON: '{"type":"offer"}',
  'no fingerprint': [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=sendonly',
    'a=rtcp-mux',
    'a=rtpmap:96 H264/90000',
    '',
  ].join('\r\n'),
};

t.test('hostile input', async (t) => {
  const recorder = await startRecorder(t);
  const { url, root } = recorder;

  await t.test('stream ids', async (t) => {
    for (const [name, id] of Object.entries(BAD_IDS)) {
      refused(
        t,
        await rawRequest(url, 'POST', `/whip/${id}`, { headers: SDP_TYPE, body: 'v=0' }),
        `publish: ${name}`,
      );
      refused(t, await rawRequest(url, 'POST', `/api/record/${id}`), `record: ${name}`);
      refused(t, await rawRequest(url, 'GET', `/api/record/${id}`), `status: ${name}`);
      refused(t, await rawRequest(url, 'DELETE', `/api/record/${id}`), `stop: ${name}`);
    }
  });

  await t.test('base directories', async (t) => {
    for (const baseDir of ['../outside', 'a/../../b', '..', 'a\u0000b', 7, ['x']]) {
      const reply = await rawRequest(url, 'POST', '/api/record/cam', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ base_dir: baseDir }),
      });
      refused(t, reply, JSON.stringify(baseDir));
    }
  });

  await t.test('offers', async (t) => {
    for (const [name, body] of Object.entries(BAD_OFFERS)) {
      refused(t, await rawRequest(url, 'POST', '/whip/cam', { headers: SDP_TYPE, body }), name);
    }
    const plain = { headers: { 'content-type': 'text/plain' }, body: 'v=0' };
    refused(t, await rawRequest(url, 'POST', '/whip/cam', plain), 'another content type', 415);
    const large = { headers: SDP_TYPE, body: Buffer.alloc(10_000_000, 'a') };
    refused(t, await rawRequest(url, 'POST', '/whip/cam', large), '10 MB', 413);
  });

  await t.test('object paths', async (t) => {
    for (const path of [
      '../live777.toml',
      '../../../../../../etc/passwd',
      '..%2f..%2f..%2f..%2fetc%2fpasswd',
      '%2e%2e/live777.toml',
      '/etc/passwd',
      '%2fetc%2fpasswd',
      'cam/../../live777.toml',
      '..%5clive777.toml',
      '%00',
      'a%00b',
      '%c0%ae%c0%ae/live777.toml',
      '',
      '.',
    ]) {
      const reply = await rawRequest(url, 'GET', `/api/record/object/${path}`);
      refused(t, reply, path);
      t.notMatch(reply.body, /\[recorder|root:x:/, 'nothing of the file is told');
    }
  });

  await t.test('datagrams that are no media', async (t) => {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/noisy` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    for (let first = 0; first < 256; first++) {
      const datagram = randomBytes(1 + ((first * 37) % 1400));
      datagram[0] = first;
      publisher.sendDatagram(datagram);
    }
    publisher.sendDatagram(Buffer.alloc(0));
    await until('two seconds', () => publisher.sent.videoFrames >= 60);
    await until('the publisher is recorded all the same', async () => {
      const { tracks } = await recordStatus(url, 'noisy');
      return (tracks.find(({ kind }) => kind === 'video')?.access_units ?? 0) >= 50;
    });
    await publisher.stop();
  });

  await t.test('afterwards', async (t) => {
    t.same(
      (await readdir(dirname(root))).sort(),
      ['live777.toml', 'recordings'],
      'nothing outside',
    );
    const streams = (await readdir(root)).filter((name) => !name.startsWith('.'));
    t.same(streams, ['noisy'], 'nor for any stream that was refused');
    t.notOk(
      recorder.log().some((line) => /uncaught|unhandled/i.test(line)),
      'nothing fell over',
    );
    t.equal(await recorder.stop(), 0);
  });
});

/** A refusal is a 4xx that says why, in JSON or in words. */
function refused(t: Test, { status, body }: RawReply, name: string, expected?: number): void {
  if (expected === undefined) t.ok(status >= 400 && status < 500, `${name}: ${status}`);
  else t.equal(status, expected, name);
  t.ok(body.length > 10, `${name}: ${body.slice(0, 120)}`);
}
