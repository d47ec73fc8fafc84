import { parseAsLiveman } from './liveman-shapes.ts';

/** Settings of a {@link Liveman}, as in its configuration file. */
export interface LivemanOptions {
  /** Address of the node, without a trailing slash; may change when the node starts anew. */
  url: string;
  token?: string;
  /** `record_sync.limit` */
  limit?: number;
  /** Streams that `auto_record` is for. */
  autoStreams?: string[];
  /** `auto_record.base_prefix` */
  basePrefix?: string;
  /** Happens after a page was read, before it is acknowledged. */
  beforeAck?: () => Promise<void>;
}

/**
 * Liveman as one node sees it: the calls of its loops, in their order and with their bodies, written
 * after what Liveman 0.9 and later sends. Its memory is what it keeps in its database.
 */
export class Liveman {
  readonly #options: LivemanOptions;
  /** Calls so far, each as method and path. */
  readonly calls: string[] = [];
  /** Object path of the manifest of each record, by stream and record. */
  readonly recordings = new Map<string, string>();
  /** Every row that it put into its database, as stream, record and status. */
  readonly collected: string[] = [];
  #maxSubscribers: number | undefined;
  #streams: string[] = [];
  /** Forgotten when Liveman ends. */
  #cursor: number | undefined;

  constructor(options: LivemanOptions) {
    this.#options = options;
  }

  /** Viewers it would send to the node, per stream. */
  get maxSubscribers(): number | undefined {
    return this.#maxSubscribers;
  }

  /** Streams it takes the node to have. */
  get streams(): string[] {
    return this.#streams;
  }

  /** Ends and starts anew: only what is in the database is left. */
  restart(): void {
    this.#cursor = undefined;
    this.#maxSubscribers = undefined;
    this.#streams = [];
  }

  /** Looks what its node is and has; the strategy only until it knows it. */
  async update(): Promise<void> {
    if (this.#maxSubscribers === undefined) {
      const { body } = await this.#call('GET', '/api/strategy/');
      this.#maxSubscribers = parseAsLiveman('strategy', body).each_stream_max_sub ?? 65535;
    }
    const { body } = await this.#call('GET', '/api/streams/');
    this.#streams = parseAsLiveman('streams', body).map(({ id }) => id);
  }

  /**
   * One turn of `record_sync`: a page, its acknowledgement, its deletion.
   * @returns how many records the page had
   */
  async recordSync(): Promise<number> {
    await this.update();
    const { limit = 200, beforeAck } = this.#options;
    const since = this.#cursor === undefined ? '' : `since_ts=${this.#cursor}&`;
    const { body } = await this.#call('GET', `/api/recordings?${since}limit=${limit}`);
    const { sessions, last_ts } = parseAsLiveman('recordings', body);
    await beforeAck?.();
    const records = [];
    for (const { id, stream, mpd_path, status } of sessions) {
      if (id === undefined || id === null || id.trim() === '') continue;
      this.recordings.set(`${stream} ${id}`, mpd_path);
      this.collected.push(`${stream} ${id} ${status}`);
      records.push({ stream, record: id });
    }
    if (records.length > 0) {
      const acked = await this.#call('PATCH', '/api/recordings', { records });
      parseAsLiveman('acked', acked.body);
      const deleted = await this.#call('DELETE', '/api/recordings', { records });
      parseAsLiveman('deleted', deleted.body);
    }
    this.#cursor = last_ts ?? this.#cursor;
    return sessions.length;
  }

  /** Turns of `record_sync` until there is nothing left. */
  async collectAll(): Promise<void> {
    while ((await this.recordSync()) > 0);
  }

  /** One turn of `auto_record`: what is there and not recorded is started. */
  async autoRecord(): Promise<void> {
    await this.update();
    for (const stream of this.#wanted()) {
      if (!(await this.isRecording(stream))) await this.startRecord(stream);
    }
  }

  /** The end of `max_recording_seconds`: what is recorded is stopped and started anew. */
  async rotate(): Promise<void> {
    await this.update();
    for (const stream of this.#wanted()) {
      if (await this.isRecording(stream)) await this.#call('DELETE', recordPath(stream));
      await this.startRecord(stream);
    }
  }

  async isRecording(stream: string): Promise<boolean> {
    const { body } = await this.#call('GET', recordPath(stream));
    return parseAsLiveman('status', body).recording;
  }

  /** Starts a record and notes it, as Liveman does before it has collected it. */
  async startRecord(stream: string): Promise<void> {
    const { basePrefix = '' } = this.#options;
    const baseDir = basePrefix === '' ? null : `${basePrefix}/${Math.floor(Date.now() / 1000)}`;
    const { body } = await this.#call('POST', recordPath(stream), { base_dir: baseDir });
    const { record_id = '', mpd_path } = parseAsLiveman('started', body);
    if (record_id === '') throw new Error('Liveman: record_id is required');
    this.recordings.set(`${stream} ${record_id}`, mpd_path);
  }

  #wanted(): string[] {
    return this.#streams.filter((stream) => this.#options.autoStreams?.includes(stream));
  }

  async #call(method: string, path: string, json?: object): Promise<{ body: string }> {
    const { url, token = '' } = this.#options;
    this.calls.push(`${method} ${path.replace(/since_ts=\d+/, 'since_ts=N')}`);
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    const body = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${body}`);
    return { body };
  }
}

function recordPath(stream: string): string {
  return `/api/record/${stream}`;
}
