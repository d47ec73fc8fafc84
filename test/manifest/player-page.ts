import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import type { Test } from 'tap';
import { writeMpd } from '../../src/manifest/mpd.ts';
import type { Recording } from './two-periods.ts';

/** The players that everything we write must play in; hls.js plays playlists alone. */
export type PlayerName = 'dash.js' | 'shaka' | 'hls.js';

const LIBRARIES: Record<PlayerName, string> = {
  'dash.js': 'dashjs/dist/modern/umd/dash.all.min.js',
  shaka: 'shaka-player/dist/shaka-player.compiled.js',
  'hls.js': 'hls.js/dist/hls.min.js',
};

/** What a page saw since it was asked last. */
export interface Seen {
  /** Pictures in the order they were shown: media time in seconds, and width in pixels. */
  frames: { time: number; width: number }[];
  /** Where the player moved the playhead to, seconds; one that was asked for comes first. */
  seeks: number[];
  errors: string[];
}

/** … until the end. */
export interface SeenToTheEnd extends Seen {
  /** Where the playhead was then, seconds. */
  endedAt: number;
}

// Runs in the page. Notes every picture shown, every move of the playhead and every error.
const SCRIPT = `
const video = document.querySelector('video');
const seen = { frames: [], seeks: [], errors: [] };
window.takeSeen = () => {
  const result = structuredClone(seen);
  for (const list of Object.values(seen)) list.length = 0;
  return result;
};
addEventListener('error', (event) => seen.errors.push(event.message));
// dash.js may pause at the very end (to a rounding), and then there is no event of its having ended;
// then it seeks once more, so what was seen until the end is put aside. Or it seeks to the end itself,
// and from there half a second back, where it pauses.
const atEnd = () => {
  if (video.duration - video.currentTime > 0.001) return;
  window.untilEnd ??= { ...takeSeen(), endedAt: video.currentTime };
};
video.addEventListener('seeking', () => {
  atEnd();
  seen.seeks.push(video.currentTime);
});
video.addEventListener('ended', atEnd);
video.addEventListener('pause', atEnd);
video.addEventListener('error', () => seen.errors.push(video.error.message));
const frame = (now, { mediaTime, width }) => {
  seen.frames.push({ time: mediaTime, width });
  video.requestVideoFrameCallback(frame);
};
video.requestVideoFrameCallback(frame);
window.start = async (name, url) => {
  if (name === 'shaka') {
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    player.addEventListener('error', ({ detail }) => seen.errors.push('shaka ' + detail.code));
    await player.attach(video);
    await player.load(url);
    await video.play();
  } else if (name === 'hls.js') {
    const player = new Hls();
    // What is not fatal it gets over by itself.
    player.on(Hls.Events.ERROR, (_, { fatal, details, reason = '' }) => {
      if (fatal) seen.errors.push('hls.js ' + details + ' ' + reason);
    });
    player.on(Hls.Events.MANIFEST_PARSED, () => video.play());
    player.loadSource(url);
    player.attachMedia(video);
  } else {
    const player = dashjs.MediaPlayer().create();
    player.on('error', ({ error }) => seen.errors.push('dash.js ' + error.code + ' ' + error.message));
    player.initialize();
    // Else a seek back into the last segment of an earlier Period ends up in the next one.
    player.updateSettings({ streaming: { buffer: { reuseExistingSourceBuffers: false } } });
    player.attachView(video);
    player.setAutoPlay(true);
    player.attachSource(url);
  }
};`;

/**
 * Serves a recording on loopback and opens a page with the player on it, which starts to play.
 * Server and page are closed after the test.
 */
export async function playRecording(
  t: Test,
  browser: Browser,
  player: PlayerName,
  recording: Recording,
): Promise<Page> {
  const server = createServer((request, response) => {
    const name = request.url!.slice(1);
    const [type, body] =
      name === 'manifest.mpd'
        ? ['application/dash+xml', writeMpd(recording.presentation, { nowUs: 0 })]
        : ['video/mp4', recording.files.get(name)];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type! }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return playManifest(t, browser, player, `http://127.0.0.1:${port}/manifest.mpd`);
}

/**
 * Opens a page with the player on it, which starts to play, on the same origin as the manifest. The page
 * is closed after the test.
 * @param url absolute address of the manifest
 */
export async function playManifest(
  t: Test,
  browser: Browser,
  player: PlayerName,
  url: string,
): Promise<Page> {
  const page = await browser.newPage();
  t.teardown(() => page.close());
  const folder = new URL('/player-under-test/', url).href;
  const library = fileURLToPath(
    new URL(`../../node_modules/${LIBRARIES[player]}`, import.meta.url),
  );
  const html = `<!doctype html><video width="320"></video><script src="player.js"></script><script>${SCRIPT}</script>`;
  await page.route(`${folder}player.js`, (route) => route.fulfill({ path: library }));
  await page.route(folder, (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await page.goto(folder);
  await page.evaluate(`start(${JSON.stringify(player)}, ${JSON.stringify(url)})`);
  return page;
}

/** Moves the playhead of the paused video, and gives where it and the picture shown then are. */
export async function seek(
  page: Page,
  seconds: number,
): Promise<{ playhead: number; time: number; width: number }> {
  // A picture that was on its way when the video paused is let through before the list is emptied.
  await page.evaluate(`video.pause(),
    new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))`);
  await page.evaluate(`takeSeen(), video.currentTime = ${seconds}`);
  await page.waitForFunction('!video.seeking && seen.frames.length > 0');
  return page.evaluate('({ playhead: video.currentTime, ...seen.frames.at(-1) })');
}

/** Bound that only a player that is stuck reaches, ms. */
const STUCK_MS = 60_000;

/**
 * Plays from where the playhead is to the end, and gives what was seen.
 * @param rate speed
 * @throws Error with the state of the media element when the player is stuck
 */
export async function playToTheEnd(page: Page, rate = 2): Promise<SeenToTheEnd> {
  // The default as well, because it is taken up where dash.js loads the element anew.
  await page.evaluate(`video.defaultPlaybackRate = video.playbackRate = ${rate}`);
  try {
    await page.waitForFunction('window.untilEnd', undefined, { timeout: STUCK_MS, polling: 100 });
  } catch (cause) {
    const state = await page.evaluate(`JSON.stringify({
      currentTime: video.currentTime, readyState: video.readyState, networkState: video.networkState,
      paused: video.paused, seeking: video.seeking, rate: video.playbackRate,
      duration: video.duration, seen: seen.frames.length, seeks: seen.seeks, errors: seen.errors,
      buffered: Array.from(video.buffered, (_, i) => [video.buffered.start(i), video.buffered.end(i)]),
    })`);
    throw new Error(`the player is stuck: ${state}`, { cause });
  }
  return page.evaluate('untilEnd');
}
