import { PassThrough } from 'node:stream';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { type RecorderStub, startRecorderStub } from './recorder-stub.ts';

const STREAM = 'Küche/1';
const WHIP = `/whip/${encodeURIComponent(STREAM)}`;
const SESSION = `${WHIP}/session%201`;

/** Counters of a receiving peer connection (`inbound-rtp`, W3C webrtc-stats §8.4). */
interface Received {
  framesDecoded: number;
  keyFramesDecoded: number;
  frameWidth: number;
  mimeType: string;
  audioBytes: number;
}

/** A second page whose own peer connection answers the console's offers. */
async function openReceiver(page: Page, stub: RecorderStub) {
  await page.goto(`${stub.url}index.html`);
  await page.evaluate(`(async () => {
    // With the camera granted, Chromium no longer hides its addresses behind mDNS names.
    await navigator.mediaDevices.getUserMedia({ audio: true });
    globalThis.answer = async (sdp) => {
      const receiver = new RTCPeerConnection();
      globalThis.receiver = receiver;
      receiver.ontrack = ({ track }) => {
        const element = document.createElement(track.kind);
        element.muted = true;
        element.srcObject = new MediaStream([track]);
        element.play();
      };
      await receiver.setRemoteDescription({ type: 'offer', sdp });
      await receiver.setLocalDescription();
      while (receiver.iceGatheringState !== 'complete') {
        await new Promise((resolve) => receiver.addEventListener('icegatheringstatechange', resolve, { once: true }));
      }
      return receiver.localDescription.sdp;
    };
    globalThis.counters = async () => {
      const report = await receiver.getStats();
      const inbound = [...report.values()].filter(({ type }) => type === 'inbound-rtp');
      const video = inbound.find(({ kind }) => kind === 'video');
      const audio = inbound.find(({ kind }) => kind === 'audio');
      return video && audio && { ...video, mimeType: report.get(video.codecId)?.mimeType, audioBytes: audio.bytesReceived };
    };
  })()`);
  return {
    answer: (offer: string) => page.evaluate(`answer(${JSON.stringify(offer)})`) as Promise<string>,
    /** Ends DTLS in order (RFC 5246 §7.2.1), over no HTTP. */
    close: () => page.evaluate('receiver.close()') as Promise<void>,
    /** Resolves with the counters once they meet a condition in terms of `received`. */
    received: (condition: string) =>
      page.evaluate(`(async () => {
        for (;;) {
          const received = await counters();
          if (received && (${condition})) return received;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      })()`) as Promise<Received>,
  };
}

async function openConsole(t: Test) {
  const browser = await requireChromium(t);
  if (browser === undefined) return undefined;
  const stub = await startRecorderStub(t);
  const context = await browser.newContext();
  const receiver = await openReceiver(await context.newPage(), stub);
  stub.replies.set(`POST ${WHIP}`, async ({ body }) => ({
    status: 201,
    headers: {
      'Content-Type': 'application/sdp',
      Location: SESSION,
      ETag: '"generation 1"',
    },
    body: await receiver.answer(body),
  }));
  const published = { stream: STREAM, state: 'live', session_id: 'session 1', tracks: [] };
  stub.replies.set('GET /api/recorder/streams', { status: 200, body: [published] });
  stub.replies.set(`PATCH ${SESSION}`, { status: 204 });
  stub.replies.set(`DELETE ${SESSION}`, { status: 200 });
  stub.replies.set(`POST /api/record/${encodeURIComponent(STREAM)}`, { status: 200, body: {} });
  const page = await context.newPage();
  await page.goto(stub.url);
  await page.fill('#publish-form [name=stream]', STREAM);
  return { page, stub, receiver };
}

const waitForState = (page: Page, state: string) =>
  page.waitForSelector(`#publish-form[data-state="${state}"]`, { timeout: 30_000 });

t.test('the test picture goes out as H264 and Opus, armed before it is published', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub, receiver } = opened;
  await page.click('#publish-start');
  await waitForState(page, 'connected');
  const received = await receiver.received(
    'received.framesDecoded >= 30 && received.audioBytes > 0',
  );
  t.equal(received.mimeType, 'video/H264');
  t.equal(await page.textContent('#publish-state'), 'live');

  const posts = stub.requests.filter(({ method }) => method === 'POST').map(({ url }) => url);
  t.strictSame(posts, [`/api/record/${encodeURIComponent(STREAM)}`, WHIP]);
  const offer = stub.requests.find(({ url }) => url === WHIP)!;
  t.equal(offer.headers['content-type'], 'application/sdp');
  t.match(offer.body, /a=sendonly/);
  t.notMatch(offer.body, /a=candidate/, 'not held up by gathering');

  const trickle = await stub.request(
    ({ method, body }) => method === 'PATCH' && body.includes('a=end-of-candidates'),
  );
  t.equal(trickle.url, SESSION);
  t.equal(trickle.headers['content-type'], 'application/trickle-ice-sdpfrag');
  t.equal(trickle.headers['if-match'], '"generation 1"');
  const fragments = stub.requests.filter(({ method }) => method === 'PATCH');
  t.ok(fragments.some(({ body }) => /^a=candidate:/m.test(body)));
  for (const { body } of fragments) {
    const ufrag = /^a=ice-ufrag:.*$/m.exec(body)![0];
    t.ok(offer.body.includes(`${ufrag}\r\n`), 'a fragment belongs to the offer');
    t.match(body, /^m=.*\r\na=mid:/m);
  }

  await page.waitForSelector('#publish-preview[data-frames-sent]');
  t.match(await page.textContent('#publish-rate'), /bit\/s/);
  t.match(await page.textContent('#publish-codecs'), 'H264');

  await page.click('#publish-stop');
  await waitForState(page, 'idle');
  const end = await stub.request(({ method }) => method === 'DELETE');
  t.equal(end.url, SESSION);
  t.ok(await page.isEnabled('#publish-start'), 'and it can be published again');
});

t.test(
  'the picture goes out in the codec of choice, out of those that both sides have',
  async (t) => {
    const opened = await openConsole(t);
    if (opened === undefined) return;
    const { page, stub, receiver } = opened;
    const recorded = ['vp9', 'unheard-of', 'h264', 'vp8', 'opus'];
    stub.replies.set('GET /api/info', { status: 200, body: { codecs: recorded } });
    await page.reload();
    await page.fill('#publish-form [name=stream]', STREAM);
    await page.selectOption('#publish-codec', 'vp8');
    const names = await page.locator('#publish-codec option').allTextContents();
    t.strictSame(names, ['VP9', 'H264', 'VP8']);
    await page.click('#publish-start');
    await waitForState(page, 'connected');
    const received = await receiver.received('received.framesDecoded >= 1');
    t.equal(received.mimeType, 'video/VP8');
    const offer = stub.requests.find(({ url }) => url === WHIP)!;
    const picture = offer.body.slice(offer.body.indexOf('m=video'));
    const formats = [...picture.matchAll(/^a=rtpmap:\d+ ([^/]+)/gm)].map(([, name]) => name);
    t.strictSame(new Set(formats), new Set(['VP8', 'rtx']), 'no other is left to be taken');
  },
);

t.test('where the recorder does not say what it records, the choice is its own', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  stub.replies.set('GET /api/info', { status: 404 });
  await page.reload();
  await page.fill('#publish-form [name=stream]', STREAM);
  await page.click('#publish-start');
  await waitForState(page, 'connected');
  const offer = stub.requests.find(({ url }) => url === WHIP)!;
  for (const name of ['VP8', 'VP9', 'AV1', 'H264']) t.match(offer.body, `${name}/90000`);
});

t.test('each flash of the test picture has its beep, whatever frames are left out', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page } = opened;
  const started = page.waitForEvent('worker');
  await page.evaluate(`(async () => {
    globalThis.beeps = [];
    const { setValueAtTime } = AudioParam.prototype;
    AudioParam.prototype.setValueAtTime = function (value, seconds) {
      if (value > 0) beeps.push(seconds);
      return setValueAtTime.call(this, value, seconds);
    };
    const { TestPicture } = await import('./src/model/test-picture.ts');
    globalThis.picture = new TestPicture(document.createElement('canvas'));
    await picture.start();
  })()`);
  const timer = await started;
  // No frame around the middle of three seconds: where the next flash is half a second away.
  for (let second = 0; second < 3; second++) {
    await timer.evaluate(`(async () => {
      await new Promise((resolve) => setTimeout(resolve, (1300 - (Date.now() % 1000)) % 1000));
      while (Date.now() % 1000 < 700);
    })()`);
  }
  const beeps = await page.evaluate<number[]>('picture.stop(), beeps');
  t.ok(beeps.length >= 3, `${beeps.length} beeps`);
  const apart = beeps.slice(2).map((beep, i) => Math.round(beep - beeps[i + 1]!));
  t.strictSame(new Set(apart), new Set([1]), 'one a second');
});

t.test('a closed tab ends its session', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  await page.click('#publish-start');
  await waitForState(page, 'connected');
  await page.goto('about:blank');
  const end = await stub.request(({ method }) => method === 'DELETE');
  t.equal(end.url, SESSION);
});

t.test('a session that the recorder has ended is not said to be live', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  const events = new PassThrough();
  const headers = { 'Content-Type': 'text/event-stream' };
  stub.replies.set('GET /api/recorder/events', { status: 200, headers, body: events });
  const tell = async (age: number, more: object) => {
    const other = { stream: `cam${age}`, state: 'live', tracks: [], recordings: [] };
    const own = { stream: STREAM, state: 'live', tracks: [], recordings: [], ...more };
    const storage = { type: 'fs', name: '/r', state: 'ok' };
    events.write(`data: ${JSON.stringify({ streams: [own, other], storage })}\n\n`);
    await page.waitForSelector(`[data-stream="cam${age}"]`);
  };
  await page.reload();
  await page.fill('#publish-form [name=stream]', STREAM);
  await tell(0, { state: 'idle' });
  await page.click('#publish-start');
  await waitForState(page, 'connected');
  for (const age of [1, 2, 3]) await tell(age, { session_id: 'session 0' });
  t.equal(
    await page.getAttribute('#publish-form', 'data-state'),
    'connected',
    'what was said before it was there says nothing of it',
  );
  await tell(4, { session_id: 'session 1' });
  // As after a restart: the path is there, and nobody knows the session.
  await tell(5, { state: 'idle' });
  await waitForState(page, 'failed');
  t.equal(
    await page.textContent('#publish-message'),
    'The recorder has ended the session. Publish again to go on.',
  );
});

t.test('a recorder that ends DTLS is not said to be there', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, receiver } = opened;
  await page.click('#publish-start');
  await waitForState(page, 'connected');
  await page.evaluate(`(() => {
    const form = document.getElementById('publish-form');
    globalThis.states = [];
    new MutationObserver(() => states.push(form.dataset.state)).observe(form, { attributeFilter: ['data-state'] });
  })()`);
  await receiver.close();
  await waitForState(page, 'failed');
  t.notOk(
    (await page.evaluate<string[]>('states')).includes('disconnected'),
    'it does not wait for ICE to notice',
  );
  t.match(await page.textContent('#publish-message'), /Publish again to go on/);
});

t.test('a refusal is shown in the recorder’s words, and the form is free again', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, stub } = opened;
  stub.replies.set(`POST ${WHIP}`, {
    status: 409,
    body: { message: 'Küche/1 is being published already' },
  });
  await page.click('#publish-start');
  await waitForState(page, 'failed');
  t.equal(await page.textContent('#publish-message'), 'Küche/1 is being published already');
  t.ok(await page.isEnabled('#publish-start'));
  t.ok(await page.isHidden('#publish-preview'));
});

t.test('camera and microphone go out as H264 and Opus too', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const { page, receiver } = opened;
  await page.check('[name=source][value=camera]');
  await page.selectOption('[name=size]', '640x360');
  await page.uncheck('[name=record]');
  await page.click('#publish-start');
  await waitForState(page, 'connected');
  const received = await receiver.received(
    'received.framesDecoded >= 10 && received.audioBytes > 0',
  );
  t.equal(received.mimeType, 'video/H264');
  t.ok(await page.isVisible('#camera-preview'));
});

t.test('ICE servers are read from Link header fields', async (t) => {
  const opened = await openConsole(t);
  if (opened === undefined) return;
  const header = [
    '<stun:stun.example.net>; rel="ice-server"',
    '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; credential="a,b;c"; credential-type="password"',
    '<https://example.net/help>; rel="help"',
  ].join(', ');
  const servers = await opened.page.evaluate(
    `import('./src/api/ice-servers.ts').then(({ iceServersOfLink }) => iceServersOfLink(${JSON.stringify(header)}))`,
  );
  t.strictSame(servers, [
    { urls: 'stun:stun.example.net' },
    { urls: 'turn:turn.example.net?transport=udp', username: 'user', credential: 'a,b;c' },
  ]);
});
