import { computed, signal } from '@preact/signals';
import { recorderNow } from '../api/request.ts';
import { LiveWait, type NextMedia } from './live-wait.ts';
import { rateFor, Tile } from './tile.ts';

const TICK_MS = 100;
/** Longest wait for a stream that is not ready while others are, ms. */
const PATIENCE_MS = 4000;
/** An instant lies no further than this behind the beginning of its picture, at 20 pictures a second and more, ms. */
const FRAME_MS = 50;
/** A clock that jumps by more than this between two ticks has left a gap behind, ms. */
const JUMP_MS = 1000;

/** So much longer one track of a stream may go on than the other: nothing to go on with, ms. */
const TAIL_MS = 500;
/** The one that leads is said to wait for pictures after this, ms. */
const STALL_MS = 1500;

/** Further behind than this a picture makes the one that leads wait for it, s. */
const LAG = 0.06;

/** Speeds that can be chosen. */
export const RATES = [0.25, 0.5, 1, 2, 4, 8, 16];

/**
 * Plays up to four streams on one clock. The clock is that of one of them, which leads: its picture and
 * sound play undisturbed, and the others follow. Where the one that leads comes to a gap, another one
 * leads that has media; where none has, all go on where there is media again.
 */
export class Playback {
  readonly tiles = signal<Tile[]>([]);
  /** The moment that is played, several times a second: ms since the Unix epoch; undefined before anything is. */
  readonly epochMs = signal<number | undefined>(undefined);
  /** When the very picture was taken that is shown, with each picture: whole ms since the Unix epoch. */
  readonly shownMs = signal<number | undefined>(undefined);
  /** Whether there is a moment that is played. */
  readonly hasMoment = computed(() => this.epochMs.value !== undefined);
  readonly isPlaying = signal(false);
  /** Whether it waits for pictures. */
  readonly isWaiting = signal(false);
  readonly rate = signal(1);
  readonly isMuted = signal(false);
  readonly volume = signal(1);
  /** Whether it plays what is being recorded at this moment. */
  readonly isAtLive = signal(false);
  /** Whether the one that leads has come to the end of what is stored, and more is to come. */
  readonly isStalled = signal(false);
  /** Largest distance of two pictures at the latest tick, ms. */
  readonly spreadMs = signal(0);
  /** Whether there is anything to play. */
  readonly hasTiles = computed(() => this.tiles.value.length > 0);

  #leader: Tile | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #waitingSince = 0;
  // Counts what was asked for, so that what is late does not take the place of what came after.
  #turn = 0;
  // Whether to play what is being recorded, as soon as there is any.
  #wantsLive = false;
  #movedAt = 0;
  readonly #nextMedia: NextMedia;
  readonly #liveWait: LiveWait;

  /** @param nextMedia where any of the streams has media from an instant on */
  constructor(nextMedia: NextMedia) {
    this.#nextMedia = nextMedia;
    this.#liveWait = new LiveWait(nextMedia);
  }

  /** Whether it plays what is being recorded, or is to as soon as there is any. */
  get wantsLive(): boolean {
    return this.#wantsLive;
  }

  /** Whether it plays as soon as a stream is live that is not at the moment. */
  get isAwaitingLive(): boolean {
    return this.#liveWait.isWaiting.value;
  }

  /** Watches these streams; those that are watched already go on. */
  watch(streams: string[]): void {
    const before = this.tiles.peek();
    const tiles = streams.map(
      (stream) =>
        before.find((tile) => tile.stream === stream) ??
        new Tile(stream, (tile) => this.#showFrame(tile)),
    );
    for (const tile of before) if (!tiles.includes(tile)) void tile.close();
    this.tiles.value = tiles;
    this.#applySound();
    const epochMs = this.epochMs.peek();
    const isNew = tiles.some((tile) => !before.includes(tile));
    if (tiles.length === 0) this.close();
    else if (isNew && this.#wantsLive) void this.goLive();
    else if (isNew && epochMs !== undefined) void this.show(epochMs);
  }

  /**
   * Shows a moment, and plays on from it if it plays.
   * @param isPlaying whether it plays from then on; by default as before
   */
  async show(epochMs: number, isPlaying = this.isPlaying.peek()): Promise<void> {
    this.#leaveLive();
    this.#tell(Math.min(epochMs, recorderNow()));
    await this.#showAll(epochMs, isPlaying);
  }

  /** Shows what is being recorded, or waits for it where nothing is. */
  async goLive(): Promise<void> {
    const nowMs = recorderNow();
    this.#leaveLive();
    this.#wantsLive = true;
    if (!(await this.#load(nowMs, true, (tile) => tile.showLive()))) return;
    const turn = this.#turn;
    const tiles = this.tiles.peek();
    const edges = tiles.map(({ liveEdgeMs }) => liveEdgeMs).filter((edge) => edge !== undefined);
    if (edges.length === 0) return this.#awaitLive(nowMs);
    const edgeMs = Math.min(...edges);
    this.epochMs.value = edgeMs;
    this.#tell(edgeMs);
    await Promise.all(tiles.map((tile) => tile.show(edgeMs)));
    if (turn === this.#turn) this.#begin();
  }

  async #showAll(epochMs: number, isPlaying: boolean): Promise<void> {
    const shownMs = Math.min(epochMs, recorderNow());
    if (await this.#load(shownMs, isPlaying, (tile) => tile.show(shownMs))) this.#begin();
  }

  /** @returns whether nothing else was asked for meanwhile */
  async #load(
    epochMs: number,
    isPlaying: boolean,
    show: (tile: Tile) => Promise<void>,
  ): Promise<boolean> {
    const turn = ++this.#turn;
    this.epochMs.value = epochMs;
    this.isPlaying.value = isPlaying;
    this.#leader = undefined;
    this.#wait();
    for (const tile of this.tiles.peek()) tile.video.pause();
    await Promise.all(this.tiles.peek().map(show));
    return turn === this.#turn;
  }

  #begin(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  /** Stands still until a stream has media from an instant on, and plays what is live then. */
  #awaitLive(fromMs: number): void {
    this.isWaiting.value = false;
    this.pause();
    this.#wantsLive = true;
    const streams = this.tiles.peek().map(({ stream }) => stream);
    this.#liveWait.start(streams, fromMs, () => void this.goLive());
  }

  #leaveLive(): void {
    this.#wantsLive = false;
    this.isAtLive.value = false;
    this.#liveWait.stop();
  }

  /** Plays or pauses. */
  toggle(): void {
    if (this.isPlaying.peek()) {
      this.pause();
      return;
    }
    if (this.epochMs.peek() === undefined) return;
    this.isPlaying.value = true;
    this.#wait();
    this.#tick();
  }

  pause(): void {
    this.#leaveLive();
    this.isPlaying.value = false;
    this.isStalled.value = false;
    for (const { video } of this.tiles.peek()) video.pause();
    // At once that of the very frame, which a step is counted from.
    this.#showTime();
  }

  /** Goes on by so many ms; back, where they are negative. */
  skip(ms: number): void {
    const epochMs = this.epochMs.peek();
    if (epochMs === undefined) return;
    const edges = this.tiles.peek().map(({ liveEdgeMs }) => liveEdgeMs ?? Number.POSITIVE_INFINITY);
    if (ms > 0 && epochMs + ms >= Math.min(...edges)) void this.goLive();
    else void this.show(epochMs + ms);
  }

  /** Pauses, and shows the frame after the present one, or the one before it. */
  step(frames: 1 | -1): void {
    this.pause();
    for (const tile of this.tiles.peek()) if (tile.epochMs !== undefined) tile.step(frames);
    this.#leader ??= this.tiles.peek().find((tile) => tile.epochMs !== undefined);
  }

  /** Chooses a speed, one of {@link RATES}. */
  setRate(rate: number): void {
    this.rate.value = rate;
    for (const { video } of this.tiles.peek()) video.playbackRate = rate;
  }

  /** @param volume 0 to 1 */
  setVolume(volume: number): void {
    this.volume.value = volume;
    this.isMuted.value = false;
    this.#applySound();
  }

  toggleMute(): void {
    this.isMuted.value = !this.isMuted.peek();
    this.#applySound();
  }

  /** Lets go of all streams. */
  close(): void {
    this.#turn++;
    this.#leaveLive();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.isPlaying.value = false;
    this.epochMs.value = undefined;
    this.shownMs.value = undefined;
    for (const tile of this.tiles.peek()) void tile.close();
  }

  /** The sound of the first is heard: of several at once nobody would understand any. */
  #applySound(): void {
    this.tiles.peek().forEach(({ video }, place) => {
      video.muted = this.isMuted.peek() || place > 0;
      video.volume = this.volume.peek();
    });
  }

  #wait(): void {
    this.#waitingSince = performance.now();
    this.#movedAt = this.#waitingSince;
    this.isStalled.value = false;
    this.isWaiting.value = true;
  }

  #tick(): void {
    const tiles = this.tiles.peek();
    if (this.isWaiting.peek() && !this.#canGoOn(tiles)) return;
    this.isWaiting.value = false;
    this.isAtLive.value = this.#wantsLive && tiles.some(({ isLive }) => isLive);
    if (this.isPlaying.peek()) this.#advance(tiles);
    else this.#showTime();
  }

  /** Goes on with the one that leads, and looks for another one where it has come to an end. */
  #advance(tiles: Tile[]): void {
    if (this.#leader === undefined || this.#leader.epochMs === undefined) this.#lead(tiles);
    const leader = this.#leader;
    if (leader === undefined) {
      // One that could not be loaded says so; there is nothing to go on with.
      if (tiles.every(({ state }) => state.peek() === 'failed')) this.pause();
      else if (tiles.every(({ state }) => state.peek() !== 'loading'))
        void this.#skipGap(this.epochMs.peek() ?? 0);
      return;
    }
    if (leader.isAtEnd) {
      void this.#skipGap((leader.endMs ?? leader.epochMs!) + TAIL_MS);
      return;
    }
    this.#play(leader);
    const clockMs = leader.epochMs!;
    const before = this.epochMs.peek() ?? clockMs;
    if (clockMs !== before) this.#movedAt = performance.now();
    this.isStalled.value = performance.now() - this.#movedAt > STALL_MS;
    const jumped = clockMs - before > JUMP_MS + TICK_MS * 3 * this.rate.peek();
    if (jumped && this.#handOver(tiles, leader, before)) return;
    this.epochMs.value = clockMs;
    this.#showFrame(leader);
    this.#followAll(tiles, leader, clockMs);
  }

  #canGoOn(tiles: Tile[]): boolean {
    if (tiles.every(({ isReady }) => isReady)) return true;
    const isLate = performance.now() - this.#waitingSince > PATIENCE_MS;
    return isLate && tiles.some((tile) => tile.isReady && tile.epochMs !== undefined);
  }

  #lead(tiles: Tile[]): void {
    this.#leader = tiles.find((tile) => tile.epochMs !== undefined && tile.isReady);
    if (this.#leader !== undefined) this.#leader.video.playbackRate = this.rate.peek();
  }

  #play({ video }: Tile): void {
    // Refused where the page had no gesture yet; the play button is there for that.
    if (video.paused && !video.ended) void video.play().catch(() => this.pause());
  }

  #followAll(tiles: Tile[], leader: Tile, clockMs: number): void {
    let [least, most] = [0, 0];
    for (const tile of tiles) {
      if (tile === leader) continue;
      const ahead = tile.follow(clockMs, this.rate.peek());
      if (ahead === undefined) continue;
      this.#play(tile);
      least = Math.min(least, ahead);
      most = Math.max(most, ahead);
    }
    this.spreadMs.value = Math.round((most - least) * 1000);
    // Where one cannot keep up, the one that leads goes slower too.
    leader.video.playbackRate = this.rate.peek() * rateFor(Math.max(0, -least - LAG));
  }

  /** The one that leads has left a gap behind, in which another one may have media. */
  #handOver(tiles: Tile[], leader: Tile, clockMs: number): boolean {
    const other = tiles.find(
      (tile) => tile !== leader && tile.isReady && tile.epochMs !== undefined,
    );
    if (other === undefined) return false;
    this.#leader = other;
    other.video.playbackRate = this.rate.peek();
    leader.follow(clockMs, this.rate.peek());
    return true;
  }

  /** No stream has media from an instant on: all go on where one has it again. */
  async #skipGap(fromMs: number): Promise<void> {
    const turn = ++this.#turn;
    this.#wait();
    const streams = this.tiles.peek().map(({ stream }) => stream);
    const nextMs = await this.#nextMedia(streams, fromMs).catch(() => undefined);
    if (turn !== this.#turn) return;
    if (nextMs !== undefined) {
      // What was live still is: no more than the gap is left out.
      await this.#showAll(nextMs, true);
    } else if (this.#wantsLive) {
      this.#awaitLive(fromMs);
    } else {
      this.isWaiting.value = false;
      this.pause();
    }
  }

  #showTime(): void {
    const tile = this.#shownTile;
    const epochMs = tile?.epochMs;
    if (epochMs === undefined || tile!.video.seeking) return;
    this.epochMs.value = epochMs;
    this.#showFrame(tile!);
  }

  /** The stream whose time is told. */
  get #shownTile(): Tile | undefined {
    return this.#leader ?? this.tiles.peek().find(({ epochMs }) => epochMs !== undefined);
  }

  #showFrame(tile: Tile): void {
    if (tile !== this.#shownTile || tile.video.seeking) return;
    const frameMs = tile.frameMs;
    if (frameMs === undefined) return;
    // The picture of an instant was taken before it: what plays from there does not go back for that.
    const backMs = (this.shownMs.peek() ?? frameMs) - frameMs;
    if (this.isPlaying.peek() && backMs > 0 && backMs < FRAME_MS) return;
    this.#tell(frameMs);
  }

  /** Whole ms: of a fraction, the clock and the name of a clip would make different ones. */
  #tell(epochMs: number): void {
    this.shownMs.value = Math.round(epochMs);
  }
}
