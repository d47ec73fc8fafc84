import { authorization } from './access-token.js';
import { momentInWords, spanInWords } from './display-units.js';
import { element } from './element.js';
import { isPassing, playerErrorInWords } from './player-errors.js';
import { objectAddress } from './recorder-api.js';
import { WallClock } from './wall-clock.js';

/** @typedef {import('./player-errors.js').Shaka} Shaka */

// Nearer to the live edge than this counts as live, seconds beyond the player's own delay.
const LIVE_TOLERANCE_SECONDS = 5;

// Between two attempts to read on from a recorder that does not answer.
const RETRY_SECONDS = 3;

/** @type {Promise<Shaka> | undefined} */
let library;

/**
 * Loads Shaka player when it is first needed: it is larger than all the rest of the console.
 * @returns {Promise<Shaka>}
 */
function loadShaka() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL('vendor/shaka-player.js', document.baseURI).href;
    script.onload = () => {
      const { shaka } = /** @type {{ shaka: Shaka }} */ (/** @type {unknown} */ (window));
      shaka.polyfill.installAll();
      resolve(shaka);
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
  #video = element('player-video', HTMLVideoElement);
  #seek = element('player-seek', HTMLInputElement);
  /** @type {import('shaka-player').default.Player | undefined} */
  #player;
  #isLoaded = false;
  #wallClock = new WallClock();
  #isDragging = false;
  // What the error line says is over as soon as something comes again.
  #isPassing = false;
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
    // Before that the playhead is at zero, wherever it is to begin.
    video.addEventListener('loadeddata', () => {
      this.#isLoaded = this.#player !== undefined;
      this.#show();
    });
    video.addEventListener('click', () => this.#toggle());
    element('player-toggle').addEventListener('click', () => this.#toggle());
    element('player-mute').addEventListener('click', () => {
      video.muted = !video.muted;
    });
    element('player-full').addEventListener('click', () => void video.requestFullscreen());
    const rate = element('player-rate', HTMLSelectElement);
    rate.addEventListener('change', () => {
      // The default is what the next recording begins with.
      video.defaultPlaybackRate = Number(rate.value);
      video.playbackRate = Number(rate.value);
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
    this.#panel.hidden = false;
    this.#panel.dataset.mpdPath = mpdPath;
    element('player-title').textContent = `Player: ${stream}`;
    this.#panel.scrollIntoView({ block: 'nearest' });
    await this.#load(mpdPath);
  }

  /**
   * Loads what the panel stands open for.
   * @param {string} mpdPath
   * @param {{ startTime?: number | undefined, isPaused?: boolean }} [at] seconds of the presentation
   */
  async #load(mpdPath, { startTime, isPaused = false } = {}) {
    const turn = ++this.#opened;
    element('player-waiting').hidden = false;
    let shaka;
    try {
      shaka = await loadShaka();
      if (turn !== this.#opened) return;
      const player = await this.#create(shaka, mpdPath);
      await player.load(objectAddress(mpdPath), startTime);
      if (turn !== this.#opened) return;
      // Refused where the page had no gesture yet; the play button is there for that.
      if (!isPaused) await this.#video.play().catch(() => undefined);
    } catch (error) {
      if (turn === this.#opened) this.#fail(error, shaka);
    } finally {
      if (turn === this.#opened) element('player-waiting').hidden = true;
    }
  }

  /** Lets go of the recording and hides the panel. */
  async close() {
    this.#panel.hidden = true;
    delete this.#panel.dataset.mpdPath;
    element('player-error').textContent = '';
    await this.#unload();
  }

  /** Lets go of the recording; what the panel shows of it stays until something else is there. */
  async #unload() {
    this.#opened++;
    this.#isLoaded = false;
    const player = this.#player;
    this.#player = undefined;
    this.#wallClock = new WallClock();
    await player?.destroy();
  }

  /**
   * Goes on at the same moment of a recording that has just ended. While it was running its Periods
   * stood at their times of the day; now they follow each other from zero, and a player would go on
   * at the old time in the new presentation.
   * @param {string} mpdPath
   * @param {WallClock} ended what its last manifest says
   */
  async #goOn(mpdPath, ended) {
    const startTime = ended.timeOf(this.#wallClock.at(this.#video.currentTime));
    const isPaused = this.#video.paused;
    const unloaded = this.#unload();
    const turn = this.#opened;
    await unloaded;
    if (turn === this.#opened) await this.#load(mpdPath, { startTime, isPaused });
  }

  /**
   * @param {Shaka} shaka
   * @param {string} mpdPath
   */
  async #create(shaka, mpdPath) {
    if (!shaka.Player.isBrowserSupported()) {
      throw new Error('this browser has no Media Source Extensions');
    }
    const player = new shaka.Player();
    this.#player = player;
    const network = player.getNetworkingEngine();
    if (network === null) throw new Error('the player was closed before it had begun');
    const { RequestType } = shaka.net.NetworkingEngine;
    network.registerRequestFilter((_type, request) => {
      Object.assign(request.headers, authorization());
    });
    network.registerResponseFilter((type, response) => {
      if (player !== this.#player) return;
      if (this.#isPassing) this.#say('');
      if (type !== RequestType.MANIFEST) return;
      const latest = new WallClock();
      latest.read(shaka.util.StringUtils.fromUTF8(response.data));
      if (this.#wallClock.isLive && !latest.isLive) void this.#goOn(mpdPath, latest);
      else this.#wallClock = latest;
    });
    player.addEventListener('error', (event) => {
      if (player === this.#player) this.#fail(/** @type {CustomEvent} */ (event).detail, shaka);
    });
    player.configure('streaming.failureCallback', (/** @type {unknown} */ error) => {
      if (isPassing(error, shaka)) player.retryStreaming(RETRY_SECONDS);
    });
    player.addEventListener('buffering', (event) => {
      const { buffering } = /** @type {{ buffering: boolean }} */ (/** @type {unknown} */ (event));
      element('player-waiting').hidden = !buffering;
    });
    await player.attach(this.#video);
    return player;
  }

  /**
   * @param {any} error
   * @param {Shaka} [shaka] nothing where the library itself is missing
   */
  #fail(error, shaka) {
    // Our own doing: a load that was given up for the next one.
    if (error?.code !== undefined && error.code === shaka?.util.Error.Code.LOAD_INTERRUPTED) return;
    element('player-waiting').hidden = true;
    this.#say(
      shaka
        ? playerErrorInWords(error, shaka)
        : `The recording cannot be played: ${error.message}.`,
      shaka !== undefined && isPassing(error, shaka),
    );
  }

  /**
   * @param {string} words
   * @param {boolean} [isPassing] over once the recorder answers again
   */
  #say(words, isPassing = false) {
    element('player-error').textContent = words;
    this.#isPassing = isPassing;
  }

  #toggle() {
    const video = this.#video;
    if (video.paused || video.ended) void video.play().catch(() => undefined);
    else video.pause();
  }

  #show() {
    const player = this.#player;
    if (!this.#isLoaded || player === undefined) return;
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
    const clock = element('player-clock', HTMLTimeElement);
    clock.textContent = epochMs === undefined ? '' : momentInWords(epochMs);
    clock.dateTime = epochMs === undefined ? '' : new Date(epochMs).toISOString();

    const [passed, whole] = [position - range.start, range.end - range.start];
    element('player-time').textContent = `${spanInWords(passed)} / ${spanInWords(whole)}`;
    this.#seek.ariaValueText = `${spanInWords(passed)} of ${spanInWords(whole)}, ${clock.textContent}`;

    // Zero while it waits for data; what is chosen stays.
    const rate = player.getPlaybackRate();
    if (rate > 0) element('player-rate', HTMLSelectElement).value = String(rate);

    const live = element('player-live', HTMLButtonElement);
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
