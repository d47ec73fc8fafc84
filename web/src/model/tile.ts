import { signal } from '@preact/signals';
import { address } from '../api/address.ts';
import { recorderNow } from '../api/request.ts';
import { manifestPath } from '../api/timeline.ts';
import { ManifestPlayer } from './manifest-player.ts';

const MINUTE_MS = 60_000;

/** How much before and after a moment is loaded with it, ms: a manifest of so much is a few kilobytes. */
const BEFORE_MS = 10 * MINUTE_MS;
const AFTER_MS = 120 * MINUTE_MS;

/** What a tile shows. */
export type TileState = 'loading' | 'media' | 'gap' | 'nothing' | 'failed';

/** How a tile follows the clock of all: further off than this it seeks, s. */
const SEEK_BEYOND = 0.5;
/** Nearer than this it is let be, s. */
const LET_BE = 0.015;
/** Furthest that its rate is from the one that was chosen. */
const MOST_RATE = 0.05;

/** So many frames tell how long one lasts. */
const FRAMES_KEPT = 16;
/** Longer than this a picture stands still, s. */
const LONGEST_FRAME = 0.25;

/** By what the rate of a picture is changed that is so many seconds ahead of another one. */
export function rateFor(ahead: number): number {
  if (Math.abs(ahead) < LET_BE) return 1;
  return 1 + Math.max(-MOST_RATE, Math.min(MOST_RATE, -ahead));
}

/** One of the streams that are watched beside each other. */
export class Tile {
  readonly stream: string;
  readonly state = signal<TileState>('nothing');
  readonly message = signal('');
  readonly video: HTMLVideoElement;
  /** Where media goes on after the gap that it stands in, ms since the Unix epoch. */
  resumesMs: number | undefined;
  #player: ManifestPlayer | undefined;
  /** What the loaded manifest covers, whether or not there is media. */
  #loaded: { startMs: number; endMs: number } | undefined;
  #frameTime = 0;
  /** How far the latest frames were apart that were seen, s. */
  #frames: number[] = [];

  constructor(stream: string) {
    this.stream = stream;
    this.video = document.createElement('video');
    this.video.playsInline = true;
    this.video.preload = 'auto';
    this.#watchFrames();
  }

  /** The moment that is shown, ms since the Unix epoch; undefined before there is any. */
  get epochMs(): number | undefined {
    return this.state.peek() === 'media' ? this.#player?.wallClock.at(this.#shownTime) : undefined;
  }

  /** Seconds of the presentation: of the very frame, where it stands still, else of the playhead. */
  get #shownTime(): number {
    const { paused, currentTime } = this.video;
    return paused && this.#isFrameNear ? this.#frameTime : currentTime;
  }

  /** Whether the frame that was seen last is the one at the playhead, and not one from before a seek. */
  get #isFrameNear(): boolean {
    return Math.abs(this.video.currentTime - this.#frameTime) < SEEK_BEYOND;
  }

  /** Whether it could go on at once. */
  get isReady(): boolean {
    return this.state.peek() !== 'media'
      ? this.state.peek() !== 'loading'
      : !this.video.seeking && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  /** Whether it has come to the end of what is loaded. */
  get isAtEnd(): boolean {
    return this.video.ended;
  }

  /** When the last media happened that is loaded, ms since the Unix epoch. */
  get endMs(): number | undefined {
    return this.#player?.wallClock.endMs;
  }

  /** Whether what it plays goes on being recorded. */
  get isLive(): boolean {
    return this.#player?.wallClock.isLive ?? false;
  }

  /** Seconds of the presentation up to which it can be shown: beyond, a seek waits for what is to come. */
  get #liveEdge(): number {
    const player = this.#player?.player;
    return this.isLive && player ? player.seekRange().end : Number.POSITIVE_INFINITY;
  }

  /** The newest moment that can be shown while it is live, ms since the Unix epoch. */
  get liveEdgeMs(): number | undefined {
    const edge = this.#liveEdge;
    return Number.isFinite(edge) ? this.#player?.wallClock.at(edge) : undefined;
  }

  /** Shows a moment, from what is loaded or by loading what lies around it. */
  async show(epochMs: number): Promise<void> {
    if (this.#covers(epochMs)) this.#seek(epochMs);
    else await this.#load(epochMs);
  }

  #covers(epochMs: number): boolean {
    const loaded = this.#loaded;
    return loaded !== undefined && epochMs >= loaded.startMs && epochMs < loaded.endMs;
  }

  async #load(epochMs: number): Promise<void> {
    await this.#unload();
    this.state.value = 'loading';
    const startMs = epochMs - BEFORE_MS;
    const endMs = epochMs + AFTER_MS;
    const now = recorderNow();
    const isOpen = endMs > now;
    const player = new ManifestPlayer(this.video, {
      onError: (message) => {
        this.message.value = message;
        if (message !== '' && this.state.peek() === 'loading') this.state.value = 'failed';
      },
      onMissing: () => {
        this.state.value = 'nothing';
      },
      onEnded: () => {
        const at = this.epochMs;
        this.#loaded = undefined;
        if (at !== undefined) void this.show(at);
      },
    });
    this.#player = player;
    // What is yet to come is covered by what is live alone.
    this.#loaded = { startMs, endMs: Math.min(endMs, now) };
    const url = address(manifestPath(this.stream, startMs, isOpen ? undefined : endMs));
    const isThere = await player.load(url, () => player.wallClock.timeOf(epochMs));
    if (this.#player !== player || !isThere) return;
    if (this.isLive) this.#loaded.endMs = Number.POSITIVE_INFINITY;
    this.state.value = 'media';
    this.#seek(epochMs);
  }

  #seek(epochMs: number): void {
    const found = this.#player?.wallClock.find(epochMs);
    const endMs = this.#player?.wallClock.endMs ?? 0;
    if (found === undefined) return;
    const isOver = !this.isLive && epochMs >= endMs;
    this.resumesMs = found.resumesMs;
    if (isOver) this.state.value = 'nothing';
    else this.state.value = found.resumesMs === undefined ? 'media' : 'gap';
    if (this.state.peek() !== 'media') this.video.pause();
    const time = Math.min(found.time, this.#liveEdge);
    if (!isOver && Math.abs(this.video.currentTime - time) > 0.001) this.video.currentTime = time;
  }

  /**
   * Keeps it with the clock of all: by its rate, and by a seek where it is far off.
   * @param rate that was chosen
   * @returns how far it was from the clock, s; undefined where it has no picture
   */
  follow(clockMs: number, rate: number): number | undefined {
    const state = this.state.peek();
    if (state === 'nothing' && !this.#covers(clockMs)) void this.show(clockMs);
    if (state === 'gap' && this.resumesMs !== undefined && clockMs >= this.resumesMs) {
      this.#seek(clockMs);
      void this.video.play().catch(() => undefined);
      return undefined;
    }
    const epochMs = this.epochMs;
    if (epochMs === undefined) return undefined;
    const found = this.#player?.wallClock.find(clockMs);
    if (found?.resumesMs !== undefined) {
      this.#seek(clockMs);
      return undefined;
    }
    const ahead = (epochMs - clockMs) / 1000;
    if (Math.abs(ahead) > SEEK_BEYOND) {
      if (!this.video.seeking) this.#seek(clockMs);
    } else if (!this.video.seeking) {
      this.video.playbackRate = rate * rateFor(ahead);
    }
    return ahead;
  }

  /** How long a frame lasts, s: frames that a busy machine leaves out make others look longer. */
  get #frameSeconds(): number {
    const sorted = this.#frames.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 4)] ?? 1 / 30;
  }

  /** Shows the frame before or after the present one. */
  step(frames: 1 | -1): void {
    // Halfway into a frame, so that rounding does not matter; before any was seen, from where it stands.
    const frame = this.#frameSeconds;
    const from = this.#isFrameNear ? this.#frameTime + frame / 2 : this.video.currentTime;
    const to = Math.max(0, from + frames * frame);
    this.video.currentTime = to;
    // Until it is seen: the next step may come before.
    this.#frameTime = to - frame / 2;
  }

  /** Lets go of what is loaded. */
  async close(): Promise<void> {
    this.state.value = 'nothing';
    await this.#unload();
  }

  async #unload(): Promise<void> {
    const player = this.#player;
    this.#player = undefined;
    this.#loaded = undefined;
    this.message.value = '';
    await player?.close();
  }

  #watchFrames(): void {
    const look = (_now: number, { mediaTime }: VideoFrameCallbackMetadata) => {
      const passed = mediaTime - this.#frameTime;
      if (passed > 0 && passed < LONGEST_FRAME && !this.video.paused) {
        this.#frames = [passed, ...this.#frames].slice(0, FRAMES_KEPT);
      }
      this.#frameTime = mediaTime;
      this.video.requestVideoFrameCallback(look);
    };
    this.video.requestVideoFrameCallback(look);
  }
}
