import { authorization } from './access-token.js';
import { momentInWords, spanInWords } from './display-units.js';
import { playerErrorInWords } from './player-errors.js';
import { objectAddress } from './recorder-api.js';
import { WallClock } from './wall-clock.js';

// Nearer to the live edge than this counts as live, seconds beyond the player's own delay.
const LIVE_TOLERANCE_SECONDS = 5;

const element = (id) => document.getElementById(id);

let library;

/** Loads Shaka player when it is first needed: it is larger than all the rest of the console. */
function loadShaka() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL('vendor/shaka-player.js', document.baseURI).href;
    script.onload = () => {
      window.shaka.polyfill.installAll();
      resolve(window.shaka);
    };
    script.onerror = () => {
      script.remove();
      library = undefined;
      reject(new Error('the player itself could not be loaded from the recorder'));
    };
    document.head.append(script);
  });
  return library;
}

/** The panel that plays a recording, finished or still running, over its whole length. */
export class Player {
  #panel = element('player');
  #video = element('player-video');
  #seek = element('player-seek');
  #player;
  #wallClock = new WallClock();
  #isDragging = false;
  // Counts the recordings opened, so that a slow one does not take the place of a later one.
  #opened = 0;

  constructor() {
    const video = this.#video;
    for (const event of ['timeupdate', 'progress', 'durationchange', 'seeked', 'play', 'pause']) {
      video.addEventListener(event, () => this.#show());
    }
    for (const event of ['ended', 'volumechange', 'ratechange']) {
      video.addEventListener(event, () => this.#show());
    }
    video.addEventListener('click', () => this.#toggle());
    element('player-toggle').addEventListener('click', () => this.#toggle());
    element('player-mute').addEventListener('click', () => {
      video.muted = !video.muted;
    });
    element('player-full').addEventListener('click', () => void video.requestFullscreen());
    element('player-rate').addEventListener('change', ({ target }) => {
      video.playbackRate = Number(target.value);
    });
    element('player-live').addEventListener('click', () => this.#player?.goToLive());
    element('player-close').addEventListener('click', () => void this.close());
    this.#seek.addEventListener('input', () => {
      this.#isDragging = true;
      this.#show();
    });
    this.#seek.addEventListener('change', () => {
      this.#isDragging = false;
      video.currentTime = Number(this.#seek.value);
    });
  }

  /**
   * Opens a recording and starts playing it: a running one near its live end, else at its start.
   * @param {string} stream name, for the title
   * @param {string} mpdPath object path of the manifest
   */
  async open(stream, mpdPath) {
    await this.close();
    const turn = ++this.#opened;
    this.#panel.hidden = false;
    this.#panel.dataset.mpdPath = mpdPath;
    element('player-title').textContent = `Player: ${stream}`;
    element('player-waiting').hidden = false;
    this.#panel.scrollIntoView({ block: 'nearest' });
    let shaka;
    try {
      shaka = await loadShaka();
      if (turn !== this.#opened) return;
      const player = await this.#create(shaka);
      await player.load(objectAddress(mpdPath));
      if (turn !== this.#opened) return;
      // Refused where the page had no gesture yet; the play button is there for that.
      await this.#video.play().catch(() => undefined);
    } catch (error) {
      if (turn === this.#opened) this.#fail(error, shaka);
    } finally {
      if (turn === this.#opened) element('player-waiting').hidden = true;
    }
  }

  /** Lets go of the recording and hides the panel. */
  async close() {
    this.#opened++;
    this.#panel.hidden = true;
    delete this.#panel.dataset.mpdPath;
    element('player-error').textContent = '';
    const player = this.#player;
    this.#player = undefined;
    this.#wallClock = new WallClock();
    await player?.destroy();
  }

  async #create(shaka) {
    if (!shaka.Player.isBrowserSupported()) {
      throw new Error('this browser has no Media Source Extensions');
    }
    const player = new shaka.Player();
    this.#player = player;
    const wallClock = this.#wallClock;
    const { RequestType } = shaka.net.NetworkingEngine;
    player.getNetworkingEngine().registerRequestFilter((_type, request) => {
      Object.assign(request.headers, authorization());
    });
    player.getNetworkingEngine().registerResponseFilter((type, response) => {
      if (type === RequestType.MANIFEST)
        wallClock.read(shaka.util.StringUtils.fromUTF8(response.data));
    });
    player.addEventListener('error', ({ detail }) => this.#fail(detail, shaka));
    player.addEventListener('buffering', ({ buffering }) => {
      element('player-waiting').hidden = !buffering;
    });
    await player.attach(this.#video);
    return player;
  }

  #fail(error, shaka) {
    // Our own doing: a load that was given up for the next one.
    if (error?.code !== undefined && error.code === shaka?.util.Error.Code.LOAD_INTERRUPTED) return;
    element('player-waiting').hidden = true;
    element('player-error').textContent = shaka
      ? playerErrorInWords(error, shaka)
      : `The recording cannot be played: ${error.message}.`;
  }

  #toggle() {
    const video = this.#video;
    if (video.paused || video.ended) void video.play().catch(() => undefined);
    else video.pause();
  }

  #show() {
    const player = this.#player;
    if (player === undefined) return;
    const video = this.#video;
    const range = player.seekRange();
    // Of a recording that has just begun, less is there than the player stays behind the live end.
    range.end = Math.max(range.start, range.end, video.currentTime);
    const isLive = player.isLive();
    const position = this.#isDragging ? Number(this.#seek.value) : video.currentTime;

    this.#seek.min = String(range.start);
    this.#seek.max = String(range.end);
    if (!this.#isDragging) this.#seek.value = String(position);
    const epochMs = this.#wallClock.at(position);
    const clock = element('player-clock');
    clock.textContent = epochMs === undefined ? '' : momentInWords(epochMs);
    clock.dateTime = epochMs === undefined ? '' : new Date(epochMs).toISOString();

    const [passed, whole] = [position - range.start, range.end - range.start];
    element('player-time').textContent = `${spanInWords(passed)} / ${spanInWords(whole)}`;
    this.#seek.ariaValueText = `${spanInWords(passed)} of ${spanInWords(whole)}, ${clock.textContent}`;

    const live = element('player-live');
    live.hidden = !isLive;
    live.disabled = isLive && range.end - video.currentTime < LIVE_TOLERANCE_SECONDS;
    live.textContent = live.disabled ? 'Live' : 'Go live';

    const isStopped = video.paused || video.ended;
    const toggle = element('player-toggle');
    toggle.textContent = isStopped ? '▶' : '❚❚';
    toggle.ariaLabel = isStopped ? 'Play' : 'Pause';
    const mute = element('player-mute');
    mute.textContent = video.muted ? 'Unmute' : 'Mute';
    mute.ariaPressed = String(video.muted);
  }
}
