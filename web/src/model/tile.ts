import { signal } from '@preact/signals';
import { address } from '../api/address.ts';
import { recorderNow } from '../api/request.ts';
import { manifestPath } from '../api/timeline.ts';
import { ManifestPlayer } from './manifest-player.ts';
import type { WallClock } from './wall-clock.ts';

const MINUTE_MS = 60_000;

/** How much before and after a moment is loaded with it, ms: a manifest of so much is a few kilobytes. */
const BEFORE_MS = 10 * MINUTE_MS;
const AFTER_MS = 120 * MINUTE_MS;

/** What a tile shows. */
export type TileState = 'loading' | 'media' | 'gap' | 'nothing' | 'failed';

/** How a tile follows the clock of all: further off than this it seeks, s. */
const SEEK_BEYOND = 0.5;
/** Nearer than this it is let be, s. */
const LET_BE = 0.005;
/** Furthest that its rate is from the one that was chosen. */
const MOST_RATE = 0.05;

/** So many frames tell how long one lasts. */
const FRAMES_KEPT = 16;
/** So much after the time of a frame it is still shown, ms. */
const WITHIN_FRAME_MS = 2;
/** Longer than this a picture stands still, s. */
const LONGEST_FRAME = 0.25;

/** By what the rate of a picture is changed that is so many seconds ahead of another one. */
export function rateFor(ahead: number): number {
  if (Math.abs(ahead) < LET_BE) return 1;
  return 1 + Math.max(-MOST_RATE, Math.min(MOST_RATE, -ahead));
}

/** Tells from which second of a presentation to play, once its manifest is known. */
type StartTime = (clock: WallClock) => number | undefined;

/** One of the streams that are watched beside each other. */
export class Tile {
  readonly stream: string;
  readonly state = signal<TileState>('nothing');
  readonly message = signal('');
  /** Days around what is shown of which nothing can be, ms since the Unix epoch, see `leftOutDays`. */
  readonly leftOutDays = signal<number[]>([]);
  readonly video: HTMLVideoElement;
  /** Where media goes on after the gap that it stands in, ms since the Unix epoch. */
  resumesMs: number | undefined;
  #player: ManifestPlayer | undefined;
  /** What the loaded manifest covers, whether or not there is media. */
  #loaded: { startMs: number; endMs: number } | undefined;
  #loading: Promise<void> | undefined;
  /** What is to be shown, ms since the Unix epoch. */
  #wantedMs = 0;
  #frameTime = 0;
  /** How far the latest frames were apart that were seen, s. */
  #frames: number[] = [];

  readonly #onFrame: (tile: Tile) => void;

  /** @param onFrame called with each picture that it shows */
  constructor(stream: string, onFrame: (tile: Tile) => void) {
    this.stream = stream;
    this.#onFrame = onFrame;
    this.video = document.createElement('video');
    this.video.playsInline = true;
    this.video.preload = 'auto';
    this.#watchFrames();
  }

  /** The moment that is shown, ms since the Unix epoch; undefined before there is any. */
  get epochMs(): number | undefined {
    return this.state.peek() === 'media' ? this.#player?.wallClock.at(this.#shownTime) : undefined;
  }

  /** When the picture was taken that is shown, ms since the Unix epoch; of sound alone, what is heard. */
  get frameMs(): number | undefined {
    if (this.state.peek() !== 'media') return undefined;
    const { videoWidth, currentTime } = this.video;
    const time = videoWidth > 0 && this.#isFrameNear ? this.#frameTime : currentTime;
    return this.#player?.wallClock.at(time);
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

  /** Whether it has come to the end of the media that it plays. */
  get isAtEnd(): boolean {
    const { ended, currentTime, readyState } = this.video;
    if (ended || !this.isLive) return ended;
    const isStalled = readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    return this.#player!.wallClock.isAtGap(currentTime, isStalled);
  }

  /** When the media ends that it plays, ms since the Unix epoch; undefined while more of it may come. */
  get endMs(): number | undefined {
    return this.#player?.wallClock.endOf(this.video.currentTime);
  }

  /** Whether what it plays goes on being recorded. */
  get isLive(): boolean {
    return this.#player?.wallClock.isLive ?? false;
  }

  /** The moment to play from while it is live, ms since the Unix epoch. */
  get liveEdgeMs(): number | undefined {
    const clock = this.#player?.wallClock;
    const time = clock?.liveTime(recorderNow());
    return time === undefined ? undefined : clock?.at(time);
  }

  /** Shows a moment, from what is loaded or by loading what lies around it. */
  async show(epochMs: number): Promise<void> {
    await this.#showFrom(epochMs, (clock) => clock.startTime(epochMs));
  }

  /** Shows what is being recorded, if anything is. */
  async showLive(): Promise<void> {
    const nowMs = recorderNow();
    await this.#showFrom(nowMs, (clock) => clock.liveTime(nowMs) ?? clock.startTime(nowMs));
  }

  async #showFrom(epochMs: number, startTime: StartTime): Promise<void> {
    this.#wantedMs = epochMs;
    if (!this.#covers(epochMs)) this.#loading = this.#load(epochMs, startTime);
    await this.#loading;
    if (this.#wantedMs === epochMs && this.#isLoaded) this.#seek(epochMs, startTime);
  }

  get #isLoaded(): boolean {
    return this.#player !== undefined && this.state.peek() !== 'loading';
  }

  #covers(epochMs: number): boolean {
    const loaded = this.#loaded;
    return loaded !== undefined && epochMs >= loaded.startMs && epochMs < loaded.endMs;
  }

  async #load(epochMs: number, startTime: StartTime): Promise<void> {
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
      onLeftOut: (days) => {
        if (days.join() !== this.leftOutDays.peek().join()) this.leftOutDays.value = days;
      },
      onEnded: () => {
        const at = this.frameMs;
        this.#loaded = undefined;
        // Within the same frame, however its time is rounded.
        if (at !== undefined) void this.show(at + WITHIN_FRAME_MS);
      },
    });
    this.#player = player;
    const loaded = { startMs, endMs: isOpen ? Number.POSITIVE_INFINITY : endMs };
    this.#loaded = loaded;
    const url = address(manifestPath(this.stream, startMs, isOpen ? undefined : endMs));
    const isThere = await player.load(url, () => startTime(player.wallClock));
    if (this.#player !== player) return;
    // What is yet to come is covered by what is live alone. An interruption it is not: from what is stored the
    // player has taken where the live end is, and refuses to go beyond.
    if (this.liveEdgeMs === undefined) loaded.endMs = Math.min(endMs, now);
    if (isThere) this.state.value = 'media';
  }

  #seek(epochMs: number, startTime: StartTime = (clock) => clock.startTime(epochMs)): void {
    const clock = this.#player?.wallClock;
    const found = clock?.find(epochMs);
    if (clock === undefined || found === undefined) return;
    const isOver = !clock.isLive && epochMs >= (clock.endMs ?? 0);
    this.resumesMs = found.resumesMs;
    if (isOver) this.state.value = 'nothing';
    else this.state.value = found.resumesMs === undefined ? 'media' : 'gap';
    if (this.state.peek() !== 'media') this.video.pause();
    const time = startTime(clock)!;
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
    this.leftOutDays.value = [];
    await player?.close();
  }

  #watchFrames(): void {
    const look = (_now: number, { mediaTime }: VideoFrameCallbackMetadata) => {
      const passed = mediaTime - this.#frameTime;
      if (passed > 0 && passed < LONGEST_FRAME && !this.video.paused) {
        this.#frames = [passed, ...this.#frames].slice(0, FRAMES_KEPT);
      }
      this.#frameTime = mediaTime;
      this.#onFrame(this);
      this.video.requestVideoFrameCallback(look);
    };
    this.video.requestVideoFrameCallback(look);
  }
}
