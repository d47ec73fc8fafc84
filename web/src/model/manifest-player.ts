import type shakaPlayer from 'shaka-player';
import { authorization } from '../api/access-token.ts';
import { words } from '../words/language.ts';
import { leftOutDays } from './left-out.ts';
import { isInterruption, isMissing, isPassing, playerErrorInWords } from './player-errors.ts';
import { loadShaka, type Shaka } from './shaka.ts';
import { WallClock } from './wall-clock.ts';

// Between two attempts to read on from a recorder that does not answer.
const RETRY_SECONDS = 3;
// Zero would be taken for none, and replaced.
const LEAST_DELAY = 0.001;

/** What a {@link ManifestPlayer} tells of. */
export interface ManifestPlayerEvents {
  /** @param message in words, empty once a passing error is over */
  onError(message: string): void;
  /** There is no such manifest; where this is absent, it is an error. */
  onMissing?(): void;
  /** @param days of which the manifest has nothing, see `leftOutDays`; told with each manifest */
  onLeftOut(days: number[]): void;
  /** A live manifest has become one of a recording that is over: its Periods now stand elsewhere. */
  onEnded(latest: WallClock): void;
}

/** Plays one manifest in one video element, with our token and the time of day. */
export class ManifestPlayer {
  /** When each moment of the presentation happened, as far as the manifest has told. */
  wallClock = new WallClock();
  readonly #video: HTMLVideoElement;
  readonly #events: ManifestPlayerEvents;
  #player: shakaPlayer.Player | undefined;
  /** Where to start, until the first manifest has come. */
  #startTime: (() => number | undefined) | undefined;
  /** Whether there is something to play, once that is known. */
  readonly #started = Promise.withResolvers<boolean>();
  #isClosed = false;
  // What was said last is over as soon as something comes again.
  #isPassing = false;

  constructor(video: HTMLVideoElement, events: ManifestPlayerEvents) {
    this.#video = video;
    this.#events = events;
  }

  /**
   * Loads a manifest. What goes wrong is told by `onError`.
   * @param startTime tells, once {@link wallClock} is known, from which second of the presentation to play;
   * by default, or where it tells none, from the live end, or the start
   * @returns whether there is something to play
   */
  async load(url: string, startTime?: () => number | undefined): Promise<boolean> {
    let shaka: Shaka | undefined;
    try {
      shaka = await loadShaka();
      if (this.#isClosed) return false;
      const player = await this.#create(shaka);
      this.#startTime = startTime;
      await player.load(url);
      // Until then it is on its way to where it starts; a place that is sought meanwhile would be lost.
      const start = () => this.#started.resolve(true);
      if (this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) start();
      else this.#video.addEventListener('loadeddata', start, { once: true });
      return await this.#started.promise;
    } catch (error) {
      this.#fail(error, shaka);
      return false;
    }
  }

  /** Lets go of the video element. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#started.resolve(false);
    const player = this.#player;
    this.#player = undefined;
    await player?.destroy();
  }

  async #create(shaka: Shaka): Promise<shakaPlayer.Player> {
    const player = new shaka.Player();
    this.#player = player;
    const network = player.getNetworkingEngine();
    if (network === null) throw new Error(words.peek().playerClosed);
    const { RequestType } = shaka.net.NetworkingEngine;
    network.registerRequestFilter((_type, request) => {
      Object.assign(request.headers, authorization());
    });
    network.registerResponseFilter((type, response) => {
      if (this.#isClosed) return;
      if (this.#isPassing) this.#say('');
      if (type !== RequestType.MANIFEST) return;
      this.#events.onLeftOut(leftOutDays(response.headers['left-out']));
      const latest = new WallClock();
      latest.read(shaka.util.StringUtils.fromUTF8(response.data));
      if (this.wallClock.isLive && !latest.isLive) this.#events.onEnded(latest);
      else this.wallClock = latest;
      const startTime = this.#startTime?.();
      this.#startTime = undefined;
      if (startTime !== undefined) player.updateStartTime(startTime);
    });
    player.addEventListener('error', (event) =>
      this.#fail((event as unknown as CustomEvent).detail, shaka),
    );
    player.configure('streaming.failureCallback', (error: unknown) => {
      if (isPassing(error, shaka)) player.retryStreaming(RETRY_SECONDS);
    });
    // How far behind the present to play is ours to say (`WallClock.liveTime`). With a delay of its own it
    // would refuse to go where a recording is younger than that, though there are pictures.
    player.configure('manifest.dash.ignoreSuggestedPresentationDelay', true);
    player.configure('manifest.defaultPresentationDelay', LEAST_DELAY);
    await player.attach(this.#video);
    return player;
  }

  #fail(error: unknown, shaka: Shaka | undefined): void {
    if (this.#isClosed || (shaka !== undefined && isInterruption(error, shaka))) return;
    if (this.#events.onMissing && shaka !== undefined && isMissing(error, shaka)) {
      this.#events.onMissing();
      return;
    }
    const willPass = shaka !== undefined && isPassing(error, shaka);
    if (!willPass) this.#started.resolve(false);
    this.#say(playerErrorInWords(error, shaka), willPass);
  }

  /** @param isPassing over once the recorder answers again */
  #say(message: string, isPassing = false): void {
    this.#isPassing = isPassing;
    this.#events.onError(message);
  }
}
