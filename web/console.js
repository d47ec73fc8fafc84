import { accessToken, setAccessToken } from './access-token.js';
import { momentInWords } from './display-units.js';
import { element } from './element.js';
import { Player } from './player.js';
import { Publishing } from './publishing.js';
import {
  faultOfStreamName,
  listStreams,
  messageOf,
  RecorderError,
  startRecording,
  stopRecording,
  storageState,
  whipAddress,
} from './recorder-api.js';
import { showStorage } from './storage-line.js';
import { StreamsList } from './streams-list.js';

const POLL_INTERVAL_MS = 2000;

const player = new Player();
const streams = new StreamsList({
  list: element('stream-list'),
  empty: element('stream-list-empty'),
  async onToggle(stream, record) {
    await (record ? startRecording(stream) : stopRecording(stream));
    await refresh();
  },
  onPlay: (stream, mpdPath) => void player.open(stream, mpdPath),
});
const publishing = new Publishing(() => void refresh());

/** @type {number | undefined} */
let shownAt;
let isPolling = false;
let isStale = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Says since when what is shown may be over. @param {number} [ms] nothing while it is up to date */
function showAge(ms) {
  element('stream-list').toggleAttribute('data-stale', ms !== undefined);
  const age = element('streams-age');
  age.hidden = ms === undefined;
  age.textContent = ms === undefined ? '' : `What the recorder said at ${momentInWords(ms)}.`;
}

/** Asks for the streams and shows them; a second call while one is under way follows right after. */
async function refresh() {
  if (isPolling) {
    isStale = true;
    return;
  }
  isPolling = true;
  clearTimeout(timer);
  const notice = element('notice');
  try {
    const [list, storage] = await Promise.all([listStreams(), storageState()]);
    streams.show(list);
    shownAt = Date.now();
    publishing.compare(list);
    showStorage(element('storage'), storage, list);
    notice.hidden = true;
    showAge();
  } catch (error) {
    notice.textContent = messageOf(error);
    notice.hidden = false;
    if (error instanceof RecorderError && error.status === 401)
      element('access', HTMLDetailsElement).open = true;
    showAge(shownAt);
  }
  isPolling = false;
  if (isStale) {
    isStale = false;
    return refresh();
  }
  timer = setTimeout(refresh, POLL_INTERVAL_MS);
}

element('arm-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const input = element('arm-stream', HTMLInputElement);
  const message = element('arm-message');
  const stream = input.value.trim();
  message.textContent = faultOfStreamName(stream);
  if (message.textContent !== '') return;
  try {
    await startRecording(stream);
    input.value = '';
    await refresh();
  } catch (error) {
    message.textContent = messageOf(error);
  }
});

element('access-form').addEventListener('submit', (event) => {
  event.preventDefault();
  setAccessToken(element('access-token', HTMLInputElement).value.trim());
  element('access', HTMLDetailsElement).open = false;
  // What another token was refused.
  element('arm-message').textContent = '';
  streams.forgetRefusals();
  void refresh();
});

element('access-token', HTMLInputElement).value = accessToken();
element('whip-address').textContent = whipAddress('NAME');
void refresh();
