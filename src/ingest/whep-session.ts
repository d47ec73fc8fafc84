import { randomUUID } from 'node:crypto';
import type { Codec } from '../codecs/codec.ts';
import { CODECS } from '../codecs/registry.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import { bestLayer } from './best-layer.ts';
import type { IceServer } from './ice-server.ts';
import { resolveIceAddresses } from './ice-sockets.ts';
import { type FarewellListener, MediaSession, type SessionStatistics } from './media-session.ts';
import type { CloseReason, PublishSink, SessionLog } from './publish-sink.ts';
import type { UnrecordableFormat } from './unrecordable-audio.ts';
import { IceAgent } from './werift-ice.ts';
import { dtlsIdentity } from './werift-identity.ts';
import { DtlsSrtpClient, DtlsSrtpServer, WHEP_SERVER } from './werift-tap.ts';
import { readAnswer, type WhepAnswer } from './whep-answer.ts';
import { WhepError } from './whep-error.ts';
import { type OfferParameters, offersOf, type WantedSection, writeOffer } from './whep-offer.ts';
import { type Layer, WhepResource } from './whep-resource.ts';
import type { WhepTarget } from './whep-target.ts';

/** How long STUN and TURN servers may delay the offer, ms. */
const GATHER_TIMEOUT_MS = 1000;

/** Options of a session. */
export interface WhepSessionOptions {
  /** Our own STUN and TURN servers, in addition to those that the server announces. */
  iceServers?: readonly IceServer[];
  /** UDP addresses in the format of `[webrtc] ice_udp_addrs`; their ports are not used. */
  iceAddresses?: readonly string[];
  /** First and last UDP port; any free port if absent. */
  icePortRange?: readonly [number, number];
  /**
   * Timeout for the server's answer, ms; 40,000 by default, because a server with an on-demand
   * source may need 35 s.
   */
  requestTimeoutMs?: number;
  /** A session that is not connected this long after the answer ends, ms; 15,000 by default. */
  connectTimeoutMs?: number;
  /** A connected session without RTP for this long ends, ms; 5000 by default. */
  mediaTimeoutMs?: number;
  /** The wanted codecs in order of preference; everything that can be recorded by default. */
  codecs?: readonly Codec[];
  /** Also deliver access units with missing parts. */
  keepIncomplete?: boolean;
  onFarewell?: FarewellListener;
  log: SessionLog;
}

/**
 * The client side of a WHEP session (draft-ietf-wish-whep): subscribes to a stream of a server and
 * delivers its access units. For its sink it is the same as a WHIP session.
 */
export class WhepSession {
  readonly id = randomUUID();
  /** What the server sends, one entry per accepted section. */
  readonly sections: readonly MediaSection[];

  readonly #unrecordable: readonly UnrecordableFormat[];
  readonly #resource: WhepResource;
  readonly #agent: IceAgent;
  readonly #media: MediaSession;
  readonly #log: SessionLog;

  /**
   * POSTs the offer and applies the answer. The session then connects, which is reported to the
   * sink. The signal cancels at any stage up to here and ends the session at the server.
   * @throws WhepError if the subscription failed; Refusal `no-free-port` if no UDP port is free;
   * the reason of `signal`. The sink is not called then.
   */
  static async connect(
    target: WhepTarget,
    options: WhepSessionOptions,
    sink: PublishSink,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<WhepSession> {
    signal.throwIfAborted();
    const { fingerprint } = await dtlsIdentity();
    let session: WhepSession | undefined;
    const agent = await IceAgent.gather({
      addresses: announced(options.iceAddresses),
      ...(options.icePortRange && { portRange: options.icePortRange }),
      servers: options.iceServers ?? [],
      gatherTimeoutMs: GATHER_TIMEOUT_MS,
      onDatagram: (datagram) =>
        session === undefined ? undefined : session.#media.receive(datagram),
      onLateCandidate: (candidate) => {
        if (session !== undefined) session.#tell(candidate);
      },
    });
    let resource: WhepResource | undefined;
    try {
      const parameters = { ice: agent.local, candidates: agent.candidates, fingerprint };
      const asked = await ask(
        target,
        options.codecs ?? CODECS,
        parameters,
        options.requestTimeoutMs ?? 40_000,
        signal,
      );
      resource = asked.resource;
      const answer = readAnswer(resource.answer, asked.wanted);
      const identity = await dtlsIdentity();
      signal.throwIfAborted();
      session = new WhepSession(resource, answer, agent, identity, options, sink);
      void session.#start(answer);
      return session;
    } catch (error) {
      await Promise.all([agent.close(), resource?.delete()]);
      throw error;
    }
  }

  private constructor(
    resource: WhepResource,
    answer: WhepAnswer,
    agent: IceAgent,
    identity: Awaited<ReturnType<typeof dtlsIdentity>>,
    options: WhepSessionOptions,
    sink: PublishSink,
  ) {
    this.#resource = resource;
    this.#agent = agent;
    this.#log = options.log;
    this.sections = answer.sections;
    this.#unrecordable = answer.unrecordable;
    const Dtls = answer.dtlsRole === 'client' ? DtlsSrtpClient : DtlsSrtpServer;
    this.#media = new MediaSession({
      id: this.id,
      sections: this.sections,
      sink,
      log: options.log,
      keepIncomplete: options.keepIncomplete ?? false,
      createDtls: (events) => new Dtls(identity, answer.fingerprints, events, WHEP_SERVER),
      send: (datagram) => agent.send(datagram),
      path: () => agent.path,
      onFarewell: options.onFarewell,
      connectTimeoutMs: options.connectTimeoutMs ?? 15_000,
      notConnected: () => this.#notConnected(answer),
      silence: {
        timeoutMs: options.mediaTimeoutMs ?? 5000,
        reason: 'no-media',
        heardUs: (receiver) => receiver.lastRtpUs,
      },
      alertReason: 'server-gone',
      onTick: () => this.#agent.tick(),
      release: async () => {
        await Promise.all([agent.close(), resource.delete()]);
      },
    });
  }

  /** Requests a keyframe of the video; does nothing before the session is connected. */
  requestKeyframe(): void {
    this.#media.requestKeyframe();
  }

  /** Requests one encoding of a simulcast publisher. @throws WhepError */
  selectLayer(layer: Layer): Promise<void> {
    return this.#resource.selectLayer(layer);
  }

  /**
   * Ends the session here and at the server; resolves when its sockets are closed and the server
   * has been told, after 3 s at most. Tells the sink at once. A second call waits for the first.
   */
  close(reason: CloseReason): Promise<void> {
    return this.#media.end(reason);
  }

  /** Whether the server accepted a format of this kind that cannot be recorded, and may send it. */
  mayBeUnrecordable(kind: TrackKind): boolean {
    return this.#unrecordable.some((format) => format.kind === kind);
  }

  /** Received formats that cannot be recorded, with their number of packets. */
  unrecordable(): (UnrecordableFormat & { packets: number })[] {
    return this.#unrecordable.flatMap((format) => {
      const packets = this.#media.unroutableOf(format.payloadType);
      return packets === 0 ? [] : [{ ...format, packets }];
    });
  }

  /** Counters of the session. */
  statistics(): SessionStatistics {
    return { ...this.#media.statistics(), ice: this.#agent.statistics() };
  }

  async #start({ ice }: WhepAnswer): Promise<void> {
    void this.#agent.addServers(this.#resource.iceServers);
    void this.#chooseLayer();
    try {
      await this.#agent.connect(ice);
    } catch (error) {
      // The connection timeout ends the session: a later check may still succeed.
      this.#log.debug({ session: this.id, err: error }, 'no path to the server yet');
      return;
    }
    this.#media.startDtls();
  }

  /** Before media flows, so that no other resolution arrives first. */
  async #chooseLayer(): Promise<void> {
    try {
      const layers = await this.#resource.layers();
      const best = bestLayer(layers);
      if (best === undefined || this.#media.closed) return;
      await this.#resource.selectLayer(best);
      this.#log.debug({ session: this.id, layer: best.encodingId }, 'chose a layer');
    } catch (error) {
      this.#log.warn({ session: this.id, err: error }, 'could not select a layer');
    }
  }

  /** Trickle ICE (RFC 8840): a server that checks back learns of a candidate. */
  #tell(candidate: string): void {
    if (!this.#resource.takesFragments || this.#media.closed) return;
    const { ufrag, password } = this.#agent.local;
    const [{ mid, kind }] = this.sections as readonly [MediaSection];
    const fragment = [
      `a=ice-ufrag:${ufrag}`,
      `a=ice-pwd:${password}`,
      `m=${kind} 9 UDP/TLS/RTP/SAVPF 0`,
      `a=mid:${mid}`,
      `a=candidate:${candidate}`,
      '',
    ];
    this.#resource.patch(fragment.join('\r\n')).catch((error: unknown) => {
      this.#log.debug(
        { session: this.id, err: error },
        'the server does not accept late candidates',
      );
    });
  }

  #notConnected({ ice }: WhepAnswer): Error {
    const { remote } = this.#agent.statistics();
    if (remote !== '') return new Error(`ICE connected to ${remote} but DTLS did not`);
    const tried = ice.candidates.map((candidate) =>
      candidate.split(' ').slice(4, 6).join(' port '),
    );
    return new Error(
      `the server could not be reached over UDP; tried ${tried.join(', ') || 'nothing: its answer has no candidates'}`,
    );
  }
}

/**
 * POSTs one offer after the other until one is accepted: a server without sound, or without sound
 * of a wanted codec, may refuse an offer that includes it.
 * @throws WhepError of the first offer, because that is the relevant one
 */
async function ask(
  target: WhepTarget,
  codecs: readonly Codec[],
  parameters: OfferParameters,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ resource: WhepResource; wanted: readonly WantedSection[] }> {
  let refusal: unknown;
  for (const wanted of offersOf(codecs)) {
    const offer = writeOffer(parameters, wanted);
    try {
      return { resource: await WhepResource.create(target, offer, timeoutMs, signal), wanted };
    } catch (error) {
      refusal ??= error;
      if (!isRefusedOffer(error)) throw refusal;
    }
  }
  throw refusal;
}

/** True if the server understood the request and refused the offer. */
function isRefusedOffer(error: unknown): boolean {
  if (!(error instanceof WhepError) || error.kind !== 'server') return false;
  return error.status !== undefined && [400, 406, 415, 422].includes(error.status);
}

function announced(iceAddresses: readonly string[] = []): string[] {
  const resolved = resolveIceAddresses(iceAddresses.length > 0 ? iceAddresses : ['auto']);
  return [...new Set(resolved.map(({ address }) => address))];
}
