import { codecsNamed } from '../codecs/registry.ts';
import { kernelDrops } from '../ingest/kernel-drops.ts';
import type { FarewellListener } from '../ingest/media-session.ts';
import type { PublishSink, SessionLog } from '../ingest/publish-sink.ts';
import { SharedPort } from '../ingest/shared-port.ts';
import { WhepSession } from '../ingest/whep-session.ts';
import { WhipSession } from '../ingest/whip-session.ts';
import type { UdpPortFigures } from '../recorder.ts';
import type { PullTarget } from '../sources/pull-plan.ts';
import type { SessionOpener } from './stream-session.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** Opens WHIP and WHEP sessions with the settings of the configuration. */
export class RtcSessions implements SessionOpener {
  readonly #settings: WorkerSettings;
  readonly #onFarewell: FarewellListener;
  readonly #log: SessionLog;
  /** Present if all sessions of this worker publish to one port. */
  #sharedPort: SharedPort | undefined;

  constructor(settings: WorkerSettings, onFarewell: FarewellListener, log: SessionLog) {
    this.#settings = settings;
    this.#onFarewell = onFarewell;
    this.#log = log;
  }

  /**
   * Opens the port of a worker, if each has one: the first has `[webrtc] ice_udp_port`, those behind it
   * the following ports.
   * @param number of this worker, from 0
   */
  openPort(number: number): void {
    const { iceUdpPort, iceUdpAddrs: iceAddresses } = this.#settings.webrtc;
    if (iceUdpPort === undefined || this.#sharedPort !== undefined) return;
    const port = iceUdpPort + number;
    this.#sharedPort = new SharedPort({ iceAddresses, port, log: this.#log });
    // Each publisher tries again.
    this.#sharedPort.open().catch((err: unknown) => {
      this.#log.warn({ err, port }, 'cannot receive publishers');
    });
  }

  /** Figures of the port; undefined if each session has ports of its own. */
  async portFigures(): Promise<UdpPortFigures | undefined> {
    const shared = this.#sharedPort;
    if (shared === undefined) return undefined;
    const dropped = await kernelDrops(shared.port);
    const { strangers } = shared.statistics();
    return { strangers, ...(dropped !== undefined && { dropped }) };
  }

  /** Closes the port, after all sessions. */
  async close(): Promise<void> {
    await this.#sharedPort?.close();
  }

  accept(offer: string, sink: PublishSink): Promise<WhipSession> {
    const sharedPort = this.#sharedPort;
    return WhipSession.accept(offer, { ...this.#options(), sharedPort }, sink);
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
