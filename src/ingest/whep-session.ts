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

/** How long STUN and TURN servers may hold up the offer, ms. */
const GATHER_TIMEOUT_MS = 1000;

/** How a session is set up. */
export interface WhepSessionOptions {
  /** STUN and TURN servers of our own; those that the server names are used as well. */
  iceServers?: readonly IceServer[];
  /** Addresses for UDP as `[webrtc] ice_udp_addrs` has them; ports in them are not used. */
  iceAddresses?: readonly string[];
  /** First and last UDP port; any free port if absent. */
  icePortRange?: readonly [number, number];
  /** For the server's answer, ms; 40 000 if absent: an on-demand source may hold it for 35 s. */
  requestTimeoutMs?: number;
  /** Ends a session that is not connected this long after the answer, ms; 15 000 if absent. */
  connectTimeoutMs?: number;
  /** Ends a connected session without RTP for this long, ms; 5000 if absent. */
  mediaTimeoutMs?: number;
  /** What is taken, most wanted first; everything that can be recorded if absent. */
  codecs?: readonly Codec[];
  /** Hand out access units of which a part never came, with what came of them. */
  keepIncomplete?: boolean;
  onFarewell?: FarewellListener;
  log: SessionLog;
}

/**
 * The client side of one WHEP session (draft-ietf-wish-whep): subscribes to a stream of a server and
 * brings it to access units. To its sink it is what a WHIP session is.
 */
export class WhepSession {
  readonly id = randomUUID();
  /** What the server sends, one entry a section that it took. */
  readonly sections: readonly MediaSection[];

  readonly #unrecordable: readonly UnrecordableFormat[];
  readonly #resource: WhepResource;
  readonly #agent: IceAgent;
  readonly #media: MediaSession;
  readonly #log: SessionLog;

  /**
   * POSTs the offer and sets the answer. The session connects from here on; whether it does is told to
   * the sink. Aborting `signal` cancels at any stage up to here and ends the session at the server.
   * @throws WhepError saying what kept us from it; Refusal `no-free-port` when no UDP port is free; the
   * reason of `signal`. The sink is told nothing then.
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
      onDatagram: (datagram) => {
        if (session !== undefined) session.#media.receive(datagram);
      },
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

  /** Asks the server for a keyframe of the video; quiet before it is connected. */
  requestKeyframe(): void {
    this.#media.requestKeyframe();
  }

  /** Asks the server for one encoding of a simulcast publisher. @throws WhepError */
  selectLayer(layer: Layer): Promise<void> {
    return this.#resource.selectLayer(layer);
  }

  /**
   * Ends the session here and at the server; resolves when its sockets are closed and the server was
   * told, which takes 3 s at most. Tells the sink at once. A second call waits for the first.
   */
  close(reason: CloseReason): Promise<void> {
    return this.#media.end(reason);
  }

  /** Whether the server agreed on something of a kind that cannot be recorded, and may send that. */
  mayBeUnrecordable(kind: TrackKind): boolean {
    return this.#unrecordable.some((format) => format.kind === kind);
  }

  /** What has come that cannot be recorded. */
  unrecordable(): (UnrecordableFormat & { packets: number })[] {
    return this.#unrecordable.flatMap((format) => {
      const packets = this.#media.unroutableOf(format.payloadType);
      return packets === 0 ? [] : [{ ...format, packets }];
    });
  }

  /** What the session has seen so far. */
  statistics(): SessionStatistics {
    return { ...this.#media.statistics(), ice: this.#agent.statistics() };
  }

  async #start({ ice }: WhepAnswer): Promise<void> {
    void this.#agent.addServers(this.#resource.iceServers);
    void this.#chooseLayer();
    try {
      await this.#agent.connect(ice);
    } catch (error) {
      // The connection time-out ends it: a check that arrives may still mend this.
      this.#log.debug({ session: this.id, err: error }, 'no path to the server yet');
      return;
    }
    this.#media.startDtls();
  }

  /** Before media flows, so that no other resolution comes first. */
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

  /** Trickle ICE (RFC 8840): a server that checks us back learns of a candidate. */
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
 * POSTs one offer after the other until one is not refused: a server that has no sound, or none of the
 * kind, may refuse an offer that asks for it.
 * @throws WhepError of the first offer, since that is the one to mend
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

/** True where the server understood us and did not like what it was offered. */
function isRefusedOffer(error: unknown): boolean {
  if (!(error instanceof WhepError) || error.kind !== 'server') return false;
  return error.status !== undefined && [400, 406, 415, 422].includes(error.status);
}

function announced(iceAddresses: readonly string[] = []): string[] {
  const resolved = resolveIceAddresses(iceAddresses.length > 0 ? iceAddresses : ['auto']);
  return [...new Set(resolved.map(({ address }) => address))];
}
