import type { RTCDtlsTransport } from 'werift';
import { RtpHeader } from 'werift';
import type { TrackKind } from '../../src/media/access-unit.ts';

/** Packets that are kept to answer requests for retransmission: 1024, as many browsers do, or about 10 s. */
const HISTORY = 1024;

/** Retransmission format that was negotiated for a track (RFC 4588). */
export interface RetransmissionFormat {
  ssrc: number;
  payloadType: number;
}

/** What was negotiated for a track, and where its numbers begin. */
export interface OutgoingTrackOptions {
  kind: TrackKind;
  ssrc: number;
  payloadType: number;
  /** Ticks a second of its RTP timestamps. */
  clockRate: number;
  sequenceStart: number;
  timestampStart: number;
  retransmission?: RetransmissionFormat;
  /** The section's MID and the negotiated id of its header extension (RFC 9143 §15). */
  mid?: { id: number; value: string };
  /** Restriction identifier and the id of its header extension (RFC 8852). */
  rid?: { id: number; value: string };
  /** Negotiated id of the transport-wide sequence number. */
  transportCcId?: number;
}

/** An RTP packet with its numbers, encrypted. */
export interface OutgoingPacket {
  kind: TrackKind;
  /** 16 bits. */
  sequenceNumber: number;
  /** How many packets of the track were made before, lost ones included. */
  index: number;
  datagram: Buffer;
}

interface SentPacket {
  sequenceNumber: number;
  timestamp: number;
  marker: boolean;
  payload: Buffer;
  datagram: Buffer;
}

/**
 * One track that is sent: numbers its packets, encrypts each once and in order (SRTP needs to see every
 * sequence number, also of packets that the test then loses) and keeps the latest for retransmission.
 */
export class OutgoingTrack {
  readonly options: OutgoingTrackOptions;
  packets = 0;
  octets = 0;
  #sequenceNumber: number;
  #retransmissionSequence = 0;
  readonly #history = new Map<number, SentPacket>();
  readonly #transport: RTCDtlsTransport;
  readonly #nextTransportSequence: () => number;

  /** @param nextTransportSequence counts the packets of all tracks together, 16 bits */
  constructor(
    transport: RTCDtlsTransport,
    options: OutgoingTrackOptions,
    nextTransportSequence: () => number,
  ) {
    this.#transport = transport;
    this.#nextTransportSequence = nextTransportSequence;
    this.options = options;
    this.#sequenceNumber = options.sequenceStart & 0xffff;
  }

  /**
   * RTP timestamp of an instant.
   * @param mediaSeconds since the publisher started
   */
  timestampAt(mediaSeconds: number): number {
    const ticks = this.options.timestampStart + Math.round(mediaSeconds * this.options.clockRate);
    return ticks % 2 ** 32;
  }

  /** Makes the next packet. @param timestamp 32 bits, ticks of the track's clock */
  next(payload: Buffer, timestamp: number, marker: boolean): OutgoingPacket {
    const sequenceNumber = this.#sequenceNumber;
    this.#sequenceNumber = (sequenceNumber + 1) & 0xffff;
    const { ssrc, payloadType, kind } = this.options;
    const datagram = this.#encrypt(payload, {
      sequenceNumber,
      timestamp,
      marker,
      ssrc,
      payloadType,
    });
    this.#history.delete(sequenceNumber);
    this.#history.set(sequenceNumber, { sequenceNumber, timestamp, marker, payload, datagram });
    if (this.#history.size > HISTORY) this.#history.delete(this.#history.keys().next().value!);
    const index = this.packets++;
    this.octets += payload.length;
    return { kind, sequenceNumber, index, datagram };
  }

  /**
   * The datagram that answers a request for retransmission: in the format of RFC 4588 §4 where it was
   * negotiated, else the packet as it was. Undefined when it is no longer known.
   */
  again(sequenceNumber: number): Buffer | undefined {
    const packet = this.#history.get(sequenceNumber);
    const retransmission = this.options.retransmission;
    if (!packet || !retransmission) return packet?.datagram;
    const original = Buffer.alloc(2);
    original.writeUInt16BE(packet.sequenceNumber);
    return this.#encrypt(Buffer.concat([original, packet.payload]), {
      sequenceNumber: this.#retransmissionSequence++ & 0xffff,
      timestamp: packet.timestamp,
      marker: packet.marker,
      ssrc: retransmission.ssrc,
      payloadType: retransmission.payloadType,
    });
  }

  /** The latest datagrams as they were sent, the newest last. */
  latest(count: number): Buffer[] {
    return [...this.#history.values()].slice(-count).map((packet) => packet.datagram);
  }

  #encrypt(payload: Buffer, fields: Partial<RtpHeader>): Buffer {
    const { mid, rid, transportCcId } = this.options;
    const extensions: { id: number; payload: Buffer }[] = [];
    if (mid) extensions.push({ id: mid.id, payload: Buffer.from(mid.value) });
    if (rid) extensions.push({ id: rid.id, payload: Buffer.from(rid.value) });
    if (transportCcId !== undefined) {
      const sequence = Buffer.alloc(2);
      sequence.writeUInt16BE(this.#nextTransportSequence());
      extensions.push({ id: transportCcId, payload: sequence });
    }
    const header = new RtpHeader({ ...fields, extension: extensions.length > 0, extensions });
    return this.#transport.srtp.encrypt(payload, header);
  }
}
