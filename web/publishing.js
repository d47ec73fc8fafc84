import { rateInWords } from './display-units.js';
import { element } from './element.js';
import {
  faultOfStreamName,
  isArmed,
  messageOf,
  startRecording,
  stopRecording,
} from './recorder-api.js';
import { SendRate } from './send-statistics.js';
import { TestPicture } from './test-picture.js';
import { WhipSession } from './whip-client.js';

/** @type {Record<string, string>} */
const STATES = {
  idle: 'not publishing',
  starting: 'starting…',
  connecting: 'connecting…',
  connected: 'live',
  disconnected: 'connection interrupted',
  failed: 'connection lost',
};
const STATISTICS_INTERVAL_MS = 1000;

/**
 * @typedef {object} Source what is published
 * @property {MediaStream} stream
 * @property {() => void} stop
 */

/**
 * Camera and microphone as a source.
 * @param {number} width wanted, pixels
 * @param {number} height wanted, pixels
 * @returns {Promise<Source>}
 * @throws {Error} says in words why there is none
 */
async function openCamera(width, height) {
  if (navigator.mediaDevices === undefined) {
    throw new Error('A browser gives the camera only to pages served by https or from localhost.');
  }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 } },
      audio: true,
    });
    const preview = element('camera-preview', HTMLVideoElement);
    preview.srcObject = stream;
    return {
      stream,
      stop() {
        preview.srcObject = null;
        for (const track of stream.getTracks()) track.stop();
      },
    };
  } catch (error) {
    /** @type {Record<string, string>} */
    const words = {
      NotAllowedError: 'The browser was not allowed to use camera and microphone.',
      NotFoundError: 'This machine has no camera or no microphone.',
      NotReadableError: 'Camera or microphone are in use by another program.',
    };
    const name = error instanceof Error ? error.name : '';
    throw new Error(words[name] ?? `Camera and microphone: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * @param {number} width pixels
 * @param {number} height pixels
 */
async function openTestPicture(width, height) {
  const canvas = element('test-picture', HTMLCanvasElement);
  canvas.width = width;
  canvas.height = height;
  const picture = new TestPicture(canvas);
  const stream = await picture.start();
  return { stream, stop: () => picture.stop() };
}

/** The panel by which this browser publishes a stream. */
export class Publishing {
  #form = element('publish-form', HTMLFormElement);
  #onChange;
  /** @type {WhipSession | undefined} */
  #session;
  /** @type {string | undefined} */
  #stream;
  /** @type {Source | undefined} */
  #source;
  /** Times in a row that the recorder named another session, or none. */
  #missed = 0;
  /** The stream that is recorded because it is published from here, and no longer than that. @type {string | undefined} */
  #armed;
  /** Resolves when the recorder has let go of the publication before. */
  #ending = Promise.resolve();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #statisticsTimer;

  /** @param {() => void} onChange the recorder's streams are likely to have changed */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#start();
    });
    element('publish-stop').addEventListener('click', () => void this.#stop('idle'));
    // Also fires where `beforeunload` does not: a phone that puts the page away for good.
    window.addEventListener('pagehide', () => {
      void this.#session?.stop();
      void this.#disarm();
    });
  }

  /**
   * @param {string} state a key of {@link STATES}
   * @param {string} [message]
   */
  #show(state, message = '') {
    this.#form.dataset.state = state;
    const badge = element('publish-state');
    badge.dataset.state = state;
    badge.textContent = STATES[state] ?? state;
    element('publish-message').textContent = message;
    const isIdle = state === 'idle' || state === 'failed';
    element('publish-settings', HTMLFieldSetElement).disabled = !isIdle;
    element('publish-start', HTMLButtonElement).disabled = !isIdle;
    element('publish-stop', HTMLButtonElement).disabled = isIdle;
    element('publish-preview').hidden = isIdle;
  }

  async #start() {
    const settings = new FormData(this.#form);
    const stream = String(settings.get('stream')).trim();
    const fault = faultOfStreamName(stream);
    if (fault !== '') return this.#show('idle', fault);

    const [width = 0, height = 0] = String(settings.get('size')).split('x').map(Number);
    const isCamera = settings.get('source') === 'camera';
    element('test-picture').hidden = isCamera;
    element('camera-preview').hidden = !isCamera;
    this.#show('starting');

    const session = new WhipSession();
    this.#session = session;
    this.#stream = stream;
    this.#missed = 0;
    session.addEventListener('statechange', () => this.#follow(session));
    try {
      const source = await (isCamera ? openCamera : openTestPicture)(width, height);
      if (this.#session !== session) return source.stop();
      this.#source = source;
      await this.#ending;
      // Armed first, so that the recording has the very first picture.
      if (settings.has('record')) await this.#arm(stream);
      if (this.#session !== session) return void this.#disarm();
      await session.publish(stream, source.stream, Number(settings.get('megabits')) * 1e6);
    } catch (error) {
      if (this.#session === session) await this.#stop('failed', messageOf(error));
    }
  }

  /**
   * Compares with what the recorder says: a session that it has ended, or one of a recorder that was
   * started anew, looks alive from here until the path has been silent for half a minute.
   * @param {import('./recorder-api.js').StreamStatus[]} streams
   */
  compare(streams) {
    const session = this.#session;
    if (session?.state !== 'connected' && session?.state !== 'disconnected') return;
    const status = streams.find(({ stream }) => stream === this.#stream);
    this.#missed = status?.session_id === session.id ? 0 : this.#missed + 1;
    // The first may have been asked for before the session was there.
    if (this.#missed < 2) return;
    void this.#stop('failed', 'The recorder has ended the session. Publish again to go on.');
  }

  /** Has a stream recorded, and remembers it where nobody had asked for that before. @param {string} stream */
  async #arm(stream) {
    // Where this may not be read, it stays as it was.
    const wasArmed = await isArmed(stream).catch(() => true);
    await startRecording(stream);
    if (!wasArmed) this.#armed = stream;
  }

  /** Takes {@link #arm} back: else the stream would be waited for. Never throws. */
  async #disarm() {
    const stream = this.#armed;
    this.#armed = undefined;
    if (stream !== undefined) await stopRecording(stream).catch(() => undefined);
  }

  /** @param {WhipSession} session */
  #follow(session) {
    if (this.#session !== session) return;
    const { state } = session;
    if (state === 'failed') {
      void this.#stop('failed', 'The connection to the recorder was lost. Publish again to go on.');
    } else if (STATES[state] !== undefined) {
      this.#show(state);
      if (state === 'connected') this.#watch(session);
    }
  }

  /** @param {WhipSession} session */
  #watch(session) {
    this.#onChange();
    if (this.#statisticsTimer !== undefined) return;
    const rate = new SendRate();
    this.#statisticsTimer = setInterval(async () => {
      const statistics = rate.sample(await session.statistics());
      if (statistics !== undefined && this.#session === session) showStatistics(statistics);
    }, STATISTICS_INTERVAL_MS);
  }

  /**
   * @param {string} state
   * @param {string} [message]
   */
  async #stop(state, message) {
    const session = this.#session;
    this.#session = undefined;
    clearInterval(this.#statisticsTimer);
    this.#statisticsTimer = undefined;
    // Ended before the source: a track that ends first would still send some black pictures.
    const ended = session?.stop();
    this.#source?.stop();
    this.#source = undefined;
    this.#show(state, message);
    this.#ending = Promise.resolve(ended).then(() => this.#disarm());
    await this.#ending;
    this.#onChange();
  }
}

/** @param {import('./send-statistics.js').SendStatistics} statistics */
function showStatistics(statistics) {
  const { bitsPerSecond, width, height, framesPerSecond, codecs } = statistics;
  const preview = element('publish-preview');
  preview.dataset.bitsPerSecond = String(Math.round(bitsPerSecond));
  preview.dataset.framesEncoded = String(statistics.framesEncoded);
  preview.dataset.framesSent = String(statistics.framesSent);
  element('publish-rate').textContent = rateInWords(bitsPerSecond);
  element('publish-size').textContent = width > 0 ? `${width} × ${height}` : '–';
  element('publish-fps').textContent = String(Math.round(framesPerSecond));
  element('publish-codecs').textContent = codecs.join(', ') || '–';
}
