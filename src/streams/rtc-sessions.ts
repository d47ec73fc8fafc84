import { codecsNamed } from '../codecs/registry.ts';
import type { FarewellListener } from '../ingest/media-session.ts';
import type { PublishSink, SessionLog } from '../ingest/publish-sink.ts';
import { WhepSession } from '../ingest/whep-session.ts';
import { WhipSession } from '../ingest/whip-session.ts';
import type { PullTarget } from '../sources/pull-plan.ts';
import type { SessionOpener } from './stream-session.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** Opens WHIP and WHEP sessions with the settings of the configuration. */
export class RtcSessions implements SessionOpener {
  readonly #settings: WorkerSettings;
  readonly #onFarewell: FarewellListener;
  readonly #log: SessionLog;

  constructor(settings: WorkerSettings, onFarewell: FarewellListener, log: SessionLog) {
    this.#settings = settings;
    this.#onFarewell = onFarewell;
    this.#log = log;
  }

  accept(offer: string, sink: PublishSink): Promise<WhipSession> {
    return WhipSession.accept(offer, this.#options(), sink);
  }

  subscribe(
    { url, token }: PullTarget,
    sink: PublishSink,
    signal: AbortSignal,
  ): Promise<WhepSession> {
    const { iceServers } = this.#settings;
    const target = { url, ...(token !== undefined && { token }) };
    return WhepSession.connect(target, { iceServers, ...this.#options() }, sink, signal);
  }

  #options() {
    const { webrtc, recorder } = this.#settings;
    const { iceUdpAddrs: iceAddresses, icePortRange } = webrtc;
    return {
      iceAddresses,
      ...(icePortRange && { icePortRange }),
      codecs: codecsNamed(recorder.codecs),
      keepIncomplete: recorder.onLoss === 'keep',
      onFarewell: this.#onFarewell,
      log: this.#log,
    };
  }
}
