import t from 'tap';
import { rootFrom, sessionAddress, withOneStreamPart } from '../../src/http/stream-address.ts';
import { listenRaw } from './raw-request.ts';
import { testApp } from './test-app.ts';

const SDP = { 'content-type': 'application/sdp' };

t.test('what the routes are asked for', async (t) => {
  for (const [url, expected] of [
    ['/whip/cam1', '/whip/cam1'],
    ['/whip/cam1/', '/whip/cam1'],
    ['/whip/cam1//?a=/b/', '/whip/cam1?a=/b/'],
    ['/whip/site1/cam2', '/whip/site1%2Fcam2'],
    ['/whip/site1%2Fcam2', '/whip/site1%2Fcam2'],
    ['/whip/a/b/c/?x', '/whip/a%2Fb%2Fc?x'],
    ['/whip/', '/whip/'],
    ['/whip', '/whip'],
    ['/session/a/b/1', '/session/a%2Fb/1'],
    ['/session/cam1/1/', '/session/cam1/1'],
    ['/session/cam1', '/session/cam1'],
    ['/api/record/a/b', '/api/record/a%2Fb'],
    ['/api/record/cam1/', '/api/record/cam1'],
    ['/api/record/segments?limit=1', '/api/record/segments?limit=1'],
    ['/api/record/segments/', '/api/record/segments'],
    ['/api/record/segments2/x', '/api/record/segments2%2Fx'],
    ['/api/record/object/a/b/', '/api/record/object/a/b/'],
    ['/api/playback/a/b', '/api/playback/a%2Fb'],
    ['/api/playback/cam1/manifest.mpd?start=1', '/api/playback/cam1/manifest.mpd?start=1'],
    ['/api/playback/a/b/index.m3u8', '/api/playback/a%2Fb/index.m3u8'],
    ['/api/playback/a%2Fb/picture/', '/api/playback/a%2Fb/picture'],
    ['/api/playback/manifest.mpd', '/api/playback/manifest.mpd'],
    ['/api/playback/a%2Fpicture', '/api/playback/a%2Fpicture'],
    ['/api/playback/a/pictures', '/api/playback/a%2Fpictures'],
    ['/api/streams/', '/api/streams'],
    ['/api/streams/a/b', '/api/streams/a/b'],
    ['/documentation/', '/documentation/'],
    ['/', '/'],
    ['*', '*'],
  ] as const) {
    t.equal(withOneStreamPart(url), expected, url);
  }
  const long = `/whip/${'/'.repeat(100_000)}x`;
  t.ok(withOneStreamPart(long), 'slashes without end take no time');
});

t.test('where a session is, whatever stands before the path that we see', async (t) => {
  for (const [seen, name] of [
    ['/whip/cam1', 'cam1'],
    ['/whip/cam1/', 'cam1'],
    ['/whip/a/b', 'a/b'],
    ['/whip/a%2Fb?token=/x/', 'a/b'],
    ['/whip/../odd', '../odd'],
  ] as const) {
    const address = sessionAddress(seen, name, 's 1');
    for (const prefix of ['', '/rec', '/a/b']) {
      const resolved = new URL(address, `http://host${prefix}/whip/${seen.slice(6)}`);
      if (!seen.includes('..')) {
        t.equal(resolved.pathname, `${prefix}/session/${encodeURIComponent(name)}/s%201`, seen);
      }
    }
  }
  t.equal(sessionAddress('/whip/a/b', 'a/b', '1', '/rec'), '/rec/session/a%2Fb/1');
});

t.test('where the root is, below a path', async (t) => {
  for (const seen of ['/api/playback/a/b/manifest.mpd?start=/', '/api/exports/', '/']) {
    const resolved = new URL(rootFrom(seen), `http://host/rec${seen}`);
    t.equal(resolved.pathname, '/rec/', seen);
    t.equal(rootFrom(seen, '/rec'), '/rec/', 'it is known');
  }
});

t.test('a stream with slashes in its name, as people and proxies write it', async (t) => {
  const { app, recorder } = await testApp(t);
  const send = await listenRaw(app);
  const posted = await send('POST', '/whip/site1/cam2', SDP, 'v=0');
  t.equal(posted.status, 201);
  const location = String(posted.headers.location);
  t.equal(location, '../../session/site1%2Fcam2/s%201');
  t.equal((await send('POST', '/api/record/site1/cam2/')).status, 200);
  t.match(JSON.parse((await send('GET', '/api/record/site1/cam2')).body), { id: 'site1/cam2' });
  t.equal((await send('GET', '/api/playback/site1/cam2')).body, '[]');
  await recorder.publish('x/y', 'v=0');
  const ended = await send('DELETE', '/session/x/y/s%201');
  t.equal(ended.status, 200, 'a proxy may have decoded the slash of Location');
  const unclear = await send('GET', '/api/streams/site1/cam2');
  t.equal(unclear.status, 404);
  t.match(JSON.parse(unclear.body).message, /%2F/);
});

t.test('a token for one stream is for the whole name', async (t) => {
  const { app } = await testApp(t, '[auth]\ntokens = ["a token of this test"]');
  const reply = await app.inject({ url: '/api/record/cam1/other' });
  t.equal(reply.statusCode, 401);
});
