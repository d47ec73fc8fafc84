import { accessToken, authorization } from './access-token.js';

/** The recorder answered a request with an error; the message is fit to be shown. */
export class RecorderError extends Error {
  /** @override */
  name = 'RecorderError';

  /**
   * @param {number} status HTTP status, or 0 when there was no answer at all
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @typedef {import('typebox').Static<typeof import('../src/http/stream-json.ts').StreamJson>} StreamStatus */
/** @typedef {import('typebox').Static<typeof import('../src/http/stream-json.ts').FolderJson>} RecordedFolder */
/** @typedef {import('typebox').Static<typeof import('../src/http/storage-json.ts').StorageJson>} StorageState */

// Relative to the page, so that the console also works below a path of a reverse proxy.
const address = (/** @type {string} */ path) => new URL(path, document.baseURI).href;

/**
 * Address of a stored object. Folder names may hold literal `%`, so each part of the path is
 * encoded by itself.
 * @param {string} path object path below the storage root, with `/`
 */
export function objectAddress(path) {
  return address(`api/record/object/${path.split('/').map(encodeURIComponent).join('/')}`);
}

/** Address that a WHIP client publishes a stream to (RFC 9725 §4.2). @param {string} stream */
export function whipAddress(stream) {
  return address(`whip/${encodeURIComponent(stream)}`);
}

/**
 * Says what is wrong with a stream name that no address can carry.
 * @param {string} stream
 * @returns {string} empty when the name will do; the recorder has the last word
 */
export function faultOfStreamName(stream) {
  if (stream === '') return 'Give the stream a name.';
  // A browser resolves these as steps in the address, even percent-encoded.
  if (stream === '.' || stream === '..') return `A stream cannot be called “${stream}”.`;
  if (!stream.isWellFormed()) return 'The name holds half a character; type it anew.';
  return '';
}

/** What is wrong where the recorder answers 401. */
export function faultOfToken() {
  return accessToken() === ''
    ? 'The recorder wants an access token: enter it at the top of the page.'
    : 'The recorder does not know this access token, or it has expired: enter another one at the top of the page.';
}

/** @type {Record<number, string>} */
const WORDS_OF_STATUS = {
  403: 'This access token does not allow that.',
  404: 'The recorder does not know that.',
  413: 'That is more than the recorder takes in one request.',
};

/**
 * What a refusal says, in words.
 * @param {Response} response
 */
export async function errorOfResponse(response) {
  const text = await response.text().catch(() => '');
  let message = '';
  try {
    message = JSON.parse(text).message ?? '';
  } catch {
    if (response.headers.get('content-type')?.startsWith('text/plain')) message = text;
  }
  if (response.status === 401) message ||= faultOfToken();
  message ||= WORDS_OF_STATUS[response.status] ?? `The recorder answered ${response.status}.`;
  return new RecorderError(response.status, message);
}

/**
 * Sends a request with our token.
 * @param {string} url
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} any answer, refusals too
 * @throws {RecorderError} status 0 when nothing answers
 */
export async function send(url, init = {}) {
  try {
    return await fetch(url, {
      ...init,
      cache: 'no-store',
      headers: { ...authorization(), ...init.headers },
    });
  } catch {
    throw new RecorderError(0, 'The recorder does not answer.');
  }
}

/** What an error says, for the reader. @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** By how much the recorder's clock is ahead of this machine's, ms. */
let aheadMs = 0;

/** The time by the recorder's clock, ms since the Unix epoch, to the second. */
export function recorderNow() {
  return Date.now() + aheadMs;
}

/**
 * @param {string} path of the API, relative to the console
 * @param {string} method
 * @param {RequestInit} [init]
 */
async function call(path, method, init = {}) {
  const response = await send(address(path), { method, ...init });
  const date = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(date)) aheadMs = date - Date.now();
  if (!response.ok) throw await errorOfResponse(response);
  return response;
}

/**
 * Every stream that is published, armed, recorded or failed, with its recordings.
 * @returns {Promise<StreamStatus[]>}
 */
export async function listStreams() {
  return (await call('api/recorder/streams', 'GET')).json();
}

/**
 * Where recordings are kept, and the state of their storage.
 * @returns {Promise<StorageState>}
 */
export async function storageState() {
  return (await call('api/storage', 'GET')).json();
}

/** Whether a stream is recorded, or waited for. @param {string} stream */
export async function isArmed(stream) {
  const response = await call(`api/record/${encodeURIComponent(stream)}`, 'GET');
  return (await response.json()).record_id !== undefined;
}

/** Starts recording a stream, or arms it until somebody publishes it. @param {string} stream */
export async function startRecording(stream) {
  return (await call(`api/record/${encodeURIComponent(stream)}`, 'POST')).json();
}

/** Stops or disarms a recording; resolves when its last segment is stored. @param {string} stream */
export async function stopRecording(stream) {
  // Outlives the page, as the end of a publication does.
  await call(`api/record/${encodeURIComponent(stream)}`, 'DELETE', { keepalive: true });
}
