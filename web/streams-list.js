import { bytesInWords, momentInWords, rangeInWords, spanInWords } from './display-units.js';
import { element, elementIn } from './element.js';
import { messageOf, recorderNow } from './recorder-api.js';

/** @typedef {import('./recorder-api.js').StreamStatus} StreamStatus */
/** @typedef {import('./recorder-api.js').RecordedFolder} RecordedFolder */
/** @typedef {ReturnType<typeof rowFrom>} Row */
/** @typedef {ReturnType<typeof itemFrom>} RecordingItem */

/** @type {Record<string, string>} */
const BADGES = {
  idle: 'not live',
  waiting: 'waiting for a publisher',
  connecting: 'connecting to its node',
  live: 'live, not recorded',
  recording: 'recording',
  degraded: 'recording, a track is missing',
  interrupted: 'interrupted, waiting for its publisher',
  failed: 'failed',
};

// Only touches the document where something changed: a rewritten text loses the reader's selection.
/**
 * @param {HTMLElement} target
 * @param {string} text
 */
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * The list of streams. Rows are kept and updated in place, so that keyboard focus survives a poll.
 */
export class StreamsList {
  #list;
  #empty;
  /** @type {Map<string, Row>} */
  #rows = new Map();
  #streamTemplate;
  #recordingTemplate;
  #onToggle;
  #onPlay;

  /**
   * @param {object} options
   * @param {HTMLElement} options.list
   * @param {HTMLElement} options.empty shown when there is no stream
   * @param {(stream: string, record: boolean) => Promise<void>} options.onToggle
   * @param {(stream: string, mpdPath: string) => void} options.onPlay
   */
  constructor({ list, empty, onToggle, onPlay }) {
    this.#list = list;
    this.#empty = empty;
    this.#onToggle = onToggle;
    this.#onPlay = onPlay;
    this.#streamTemplate = element('stream-template', HTMLTemplateElement);
    this.#recordingTemplate = element('recording-template', HTMLTemplateElement);
  }

  /** Shows what the recorder said last. @param {StreamStatus[]} statuses */
  show(statuses) {
    const sorted = [...statuses].sort((a, b) => a.stream.localeCompare(b.stream));
    const named = new Set(sorted.map((status) => status.stream));
    for (const [stream, row] of this.#rows) {
      if (named.has(stream)) continue;
      row.element.remove();
      this.#rows.delete(stream);
    }
    sorted.forEach((status, place) => {
      const row = this.#rows.get(status.stream) ?? this.#addRow(status.stream);
      if (this.#list.children[place] !== row.element) {
        this.#list.insertBefore(row.element, this.#list.children[place] ?? null);
      }
      this.#update(row, status);
    });
    this.#empty.hidden = sorted.length > 0;
    this.#list.ariaBusy = 'false';
  }

  /** Takes back what was said when a request was refused. */
  forgetRefusals() {
    for (const row of this.#rows.values()) {
      row.refusal = '';
      setText(row.error, row.fault);
    }
  }

  /** @param {string} stream */
  #addRow(stream) {
    const row = rowFrom(this.#streamTemplate);
    row.element.dataset.stream = stream;
    row.name.textContent = stream;
    row.toggle.addEventListener('click', async () => {
      row.toggle.disabled = true;
      row.refusal = '';
      try {
        await this.#onToggle(stream, row.record);
      } catch (error) {
        row.refusal = messageOf(error);
        setText(row.error, row.refusal);
      } finally {
        row.toggle.disabled = false;
      }
    });
    this.#rows.set(stream, row);
    return row;
  }

  /**
   * @param {Row} row
   * @param {StreamStatus} status
   */
  #update(row, status) {
    // A request was refused in the state that was then.
    if (row.element.dataset.state !== status.state) row.refusal = '';
    row.element.dataset.state = status.state;
    row.badge.dataset.state = status.state;
    setText(row.badge, BADGES[status.state] ?? status.state);

    row.record = status.record_id === undefined;
    const verb = row.record ? 'Record' : status.state === 'waiting' ? 'Disarm' : 'Stop';
    setText(row.toggle, verb);
    row.toggle.dataset.action = row.record ? 'start' : 'stop';
    row.toggle.ariaLabel = `${verb} ${status.stream}`;

    setText(row.facts, factsOf(status));
    row.fault = status.error || status.unrecordable?.[0]?.message || '';
    setText(row.error, row.refusal || row.fault);
    this.#updateRecordings(row, status);
  }

  /**
   * @param {Row} row
   * @param {StreamStatus} status
   */
  #updateRecordings(row, status) {
    const newestFirst = [...(status.recordings ?? [])].sort((a, b) => b.start_ts - a.start_ts);
    const present = new Set(newestFirst.map((recording) => recording.folder));
    for (const [folder, item] of row.folders) {
      if (present.has(folder)) continue;
      item.element.remove();
      row.folders.delete(folder);
    }
    newestFirst.forEach((recording, place) => {
      const item =
        row.folders.get(recording.folder) ?? this.#addRecording(row, status.stream, recording);
      if (row.recordings.children[place] !== item.element) {
        row.recordings.insertBefore(item.element, row.recordings.children[place] ?? null);
      }
      item.mpdPath = recording.mpd_path;
      const [startMs, endMs] = [recording.start_ts / 1000, recording.end_ts / 1000];
      setText(item.range, rangeInWords(startMs, endMs));
      setText(
        item.facts,
        `${spanInWords((endMs - startMs) / 1000)} · ${recording.segments} segments · ${bytesInWords(recording.bytes)}`,
      );
      // Until there is a manifest, the player could only wait for it.
      item.play.hidden = recording.mpd_path === undefined;
      item.play.ariaLabel = `Play ${status.stream} of ${momentInWords(startMs)}`;
    });
  }

  /**
   * @param {Row} row
   * @param {string} stream
   * @param {RecordedFolder} recording
   */
  #addRecording(row, stream, recording) {
    const item = itemFrom(this.#recordingTemplate);
    item.element.dataset.folder = recording.folder;
    item.folder.textContent = recording.folder;
    item.play.addEventListener('click', () => {
      if (item.mpdPath !== undefined) this.#onPlay(stream, item.mpdPath);
    });
    row.folders.set(recording.folder, item);
    return item;
  }
}

/** A new row for a stream. @param {HTMLTemplateElement} template */
function rowFrom(template) {
  const element = elementIn(document.importNode(template.content, true), '*');
  return {
    element,
    name: elementIn(element, '.stream-name'),
    badge: elementIn(element, '.badge'),
    toggle: elementIn(element, '.stream-toggle', HTMLButtonElement),
    facts: elementIn(element, '.stream-facts'),
    error: elementIn(element, '.stream-error'),
    recordings: elementIn(element, '.recordings'),
    /** @type {Map<string, RecordingItem>} by folder */
    folders: new Map(),
    record: true,
    refusal: '',
    fault: '',
  };
}

/** A new item for what is recorded in a folder. @param {HTMLTemplateElement} template */
function itemFrom(template) {
  const element = elementIn(document.importNode(template.content, true), '*');
  return {
    element,
    range: elementIn(element, '.recording-range'),
    facts: elementIn(element, '.recording-facts'),
    folder: elementIn(element, '.recording-folder'),
    play: elementIn(element, '.recording-play', HTMLButtonElement),
    /** @type {string | undefined} */
    mpdPath: undefined,
  };
}

/** @param {StreamStatus} status */
function factsOf(status) {
  const facts = [];
  if (status.published_at !== undefined) {
    facts.push(`live for ${spanInWords((recorderNow() - status.published_at) / 1000)}`);
  }
  for (const track of status.tracks ?? []) {
    const lost = track.packets_lost > 0 ? `, ${track.packets_lost} packets lost` : '';
    facts.push(`${track.kind} ${track.codec}${lost}`);
  }
  return facts.join(' · ');
}
