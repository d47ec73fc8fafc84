import { signal } from '@preact/signals';
import { sentCodecs } from '../api/codec-preference.ts';
import {
  faultOfStreamName,
  isArmed,
  recordedCodecs,
  startRecording,
  stopRecording,
} from '../api/recorder.ts';
import { messageOf } from '../api/request.ts';
import type { StreamStatus } from '../api/types.ts';
import { WhipSession } from '../api/whip-session.ts';
import { words } from '../words/language.ts';
import { openCamera } from './camera.ts';
import { SendRate, type SendStatistics } from './send-rate.ts';
import { TestPicture } from './test-picture.ts';

const STATISTICS_INTERVAL_MS = 1000;

/** How far a publication is. */
export type PublicationState =
  | 'idle'
  | 'starting'
  | 'connecting'
  | 'connected'
  | 'disconnected'
  | 'failed';

/** What is to be published, and how. */
export interface PublicationSettings {
  stream: string;
  source: 'test-picture' | 'camera';
  /** Pixels. */
  width: number;
  height: number;
  /** Of the picture, bits a second. */
  bitsPerSecond: number;
  /** Codec of the picture as the recorder calls it; empty where the recorder is to choose. */
  codec: string;
  /** Whether it is recorded as long as it is published from here. */
  isRecorded: boolean;
}

/** What is published. */
interface Source {
  stream: MediaStream;
  stop(): void;
}

/** The stream that this browser publishes. */
export class Publication {
  readonly state = signal<PublicationState>('idle');
  /** What went wrong, in words. */
  readonly message = signal('');
  readonly statistics = signal<SendStatistics | undefined>(undefined);
  /**
   * The video codecs that this browser sends and the recorder records, most wanted first; empty where
   * the recorder does not say.
   */
  readonly codecs = signal<string[]>([]);
  /** What the camera sees, while it is what is published. */
  readonly camera = signal<MediaStream | undefined>(undefined);
  /** Where the test picture is drawn. */
  readonly canvas = Object.assign(document.createElement('canvas'), {
    id: 'test-picture',
    width: 1280,
    height: 720,
  });

  readonly #onChange: () => void;
  #session: WhipSession | undefined;
  #stream: string | undefined;
  #source: Source | undefined;
  /** Whether the recorder has named the session. */
  #isNamed = false;
  /** The stream that is recorded because it is published from here, and no longer than that. */
  #armed: string | undefined;
  /** Resolves when {@link codecs} are known. */
  readonly #offered: Promise<void>;
  /** Resolves when the recorder has let go of the publication before. */
  #ending = Promise.resolve();
  #statisticsTimer: ReturnType<typeof setInterval> | undefined;

  /** @param onChange the recorder's streams are likely to have changed */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#offered = this.#offerCodecs();
    // Also fires where `beforeunload` does not: a phone that puts the page away for good.
    window.addEventListener('pagehide', () => {
      void this.#session?.stop();
      void this.#disarm();
    });
  }

  async #offerCodecs(): Promise<void> {
    const recorded = await recordedCodecs().catch(() => []);
    const sent = sentCodecs();
    this.codecs.value = recorded.filter((name) => sent.has(name));
  }

  #show(state: PublicationState, message = ''): void {
    this.state.value = state;
    this.message.value = message;
  }

  /** Publishes; what goes wrong is in {@link message}. */
  async start(settings: PublicationSettings): Promise<void> {
    const { stream } = settings;
    const fault = faultOfStreamName(stream);
    if (fault !== '') return this.#show('idle', fault);
    this.#show('starting');
    const session = new WhipSession();
    this.#session = session;
    this.#stream = stream;
    this.#isNamed = false;
    session.addEventListener('statechange', () => this.#follow(session));
    try {
      const source = await this.#open(settings);
      if (this.#session !== session) return source.stop();
      this.#source = source;
      await this.#ending;
      // Armed first, so that the recording has the very first picture.
      if (settings.isRecorded) await this.#arm(stream);
      if (this.#session !== session) return void this.#disarm();
      await this.#offered;
      const codec = settings.codec || (this.codecs.value[0] ?? '');
      await session.publish(stream, source.stream, settings.bitsPerSecond, codec);
    } catch (error) {
      if (this.#session === session) await this.stop('failed', messageOf(error));
    }
  }

  async #open({ source, width, height }: PublicationSettings): Promise<Source> {
    if (source === 'test-picture') {
      Object.assign(this.canvas, { width, height });
      const picture = this.#testPicture();
      return { stream: await picture.start(), stop: () => picture.stop() };
    }
    const stream = await openCamera(width, height);
    this.camera.value = stream;
    return {
      stream,
      stop: () => {
        this.camera.value = undefined;
        for (const track of stream.getTracks()) track.stop();
      },
    };
  }

  #testPicture(): TestPicture {
    try {
      return new TestPicture(this.canvas);
    } catch (cause) {
      throw new Error(words.peek().noCanvas, { cause });
    }
  }

  /**
   * Compares with what the recorder said last: a session that it has ended, or one of a recorder that was
   * started anew, looks alive from here until the path has been silent for half a minute. Before the
   * recorder has named the session, what it said may be from before it was there, however often it comes.
   */
  compare(streams: StreamStatus[]): void {
    const session = this.#session;
    if (session?.state !== 'connected' && session?.state !== 'disconnected') return;
    const status = streams.find(({ stream }) => stream === this.#stream);
    if (status?.session_id === session.id) this.#isNamed = true;
    else if (this.#isNamed) void this.stop('failed', words.peek().sessionEnded);
  }

  /** Has a stream recorded, and remembers it where nobody had asked for that before. */
  async #arm(stream: string): Promise<void> {
    // Where this may not be read, it stays as it was.
    const wasArmed = await isArmed(stream).catch(() => true);
    await startRecording(stream);
    if (!wasArmed) this.#armed = stream;
  }

  /** Takes {@link #arm} back: else the stream would be waited for. Never throws. */
  async #disarm(): Promise<void> {
    const stream = this.#armed;
    this.#armed = undefined;
    if (stream !== undefined) await stopRecording(stream).catch(() => undefined);
  }

  #follow(session: WhipSession): void {
    if (this.#session !== session) return;
    const { state } = session;
    if (state === 'failed') {
      void this.stop('failed', words.peek().connectionLost);
    } else if (state !== 'new' && state !== 'closed') {
      this.#show(state);
      if (state === 'connected') this.#watch(session);
    }
  }

  #watch(session: WhipSession): void {
    this.#onChange();
    if (this.#statisticsTimer !== undefined) return;
    const rate = new SendRate();
    this.#statisticsTimer = setInterval(async () => {
      const statistics = rate.sample(await session.statistics());
      if (statistics !== undefined && this.#session === session) this.statistics.value = statistics;
    }, STATISTICS_INTERVAL_MS);
  }

  /** Ends the publication; resolves when the recorder has let go of it. */
  async stop(state: PublicationState = 'idle', message = ''): Promise<void> {
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
