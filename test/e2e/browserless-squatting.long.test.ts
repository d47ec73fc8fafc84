import { createHmac } from 'node:crypto';
import t from 'tap';
import { AUDIO, offerOf, VIDEO } from '../ingest/offers.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const SECRET = 'a secret of this test, which is long enough';

/** A token (RFC 7519) to publish one stream, or all. */
function jwt(id: string): string {
  const part = (of: object) => Buffer.from(JSON.stringify(of)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ id, mode: 7, exp })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}

t.test('who only claims the name of a stream does not keep it', async (t) => {
  const { url } = await startRecorder(t, {
    configToml: `[auth]\nsecret = "${SECRET}"\n[webrtc]\nice_udp_addrs = ["127.0.0.1"]\n[recorder.storage]\ntype = "fs"\nroot = "{root}"`,
  });
  const claim = (token: string) =>
    fetch(`${url}/whip/cam`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` },
      body: offerOf(VIDEO, AUDIO),
    });
  t.equal((await claim(jwt('*'))).status, 201);
  t.equal(
    (await claim(jwt('cam'))).status,
    409,
    'a token for one stream gives way to none for all',
  );
  t.equal((await claim(jwt('*'))).status, 201, 'one that is as wide takes it over');

  const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam`, token: jwt('*') });
  t.teardown(() => publisher.vanish());
  publisher.start();
  await until('a second', () => publisher.sent.videoFrames > 30);
  t.equal((await claim(jwt('*'))).status, 409, 'who is there stays');
  await publisher.stop();
});
