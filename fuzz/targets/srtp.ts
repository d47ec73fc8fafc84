import { RtpHeader } from '../../src/rtp/rtp-header.ts';
import { SrtcpReceiver } from '../../src/rtp/srtcp-receiver.ts';
import type { SrtpProfile } from '../../src/rtp/srtp-keys.ts';
import { SrtpReceiver } from '../../src/rtp/srtp-receiver.ts';
import { Decisions } from '../decisions.ts';
import { SrtpSender } from '../srtp-sender.ts';
import { type FuzzTarget, must } from '../target.ts';

const PROFILES: SrtpProfile[] = ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'];
const MOST_STEPS = 64;

/** Packets as they are, sealed, and sealed and then changed: only what was sealed is ever opened. */
export const target: FuzzTarget = {
  covers: [
    'src/rtp/srtp-receiver.ts',
    'src/rtp/srtcp-receiver.ts',
    'src/rtp/srtp-aes-cm.ts',
    'src/rtp/srtp-aes-gcm.ts',
    'src/rtp/counter-mode.ts',
    'src/rtp/keystream-ahead.ts',
    'src/rtp/keystream-windows.ts',
    'src/rtp/srtp-memory.ts',
    'src/rtp/replay-window.ts',
    'src/rtp/ssrc-table.ts',
  ],
  maxBytes: 8192,
  seeds: () => [
    Buffer.from('0000010461626364000001046162636400ff010461626364', 'hex'),
    Buffer.from('0101000461626364010201046162636401030104616263640104010461626364', 'hex'),
    Buffer.from('0080e0000100000001000000020102030405060708', 'hex'),
  ],
  run(input) {
    const decisions = new Decisions(input);
    const sender = new SrtpSender(PROFILES[decisions.byte() & 1]!);
    const rtp = new RtpCheck(sender);
    const rtcp = new RtcpCheck(sender);
    for (let step = 0; step < MOST_STEPS && !decisions.done; step++) {
      const kind = decisions.byte();
      if ((kind & 1) === 0) rtp.step(kind >> 1, decisions);
      else rtcp.step(kind >> 1, decisions);
    }
    rtp.close();
  },
};

/** Changes one byte of a copy, in a way that no later change takes back. */
function spoilt(packet: Buffer, decisions: Decisions): Buffer {
  const copy = Buffer.from(packet);
  copy[decisions.word() % copy.length]! ^= decisions.byte() || 1;
  return copy;
}

class RtpCheck {
  readonly #sender: SrtpSender;
  readonly #receiver: SrtpReceiver;
  readonly #header = new RtpHeader();
  readonly #sent: Buffer[] = [];
  readonly #plain = Buffer.alloc(12);
  #given = 0;
  #opened = 0;
  #sequenceNumber = 0;

  constructor(sender: SrtpSender) {
    this.#sender = sender;
    this.#receiver = new SrtpReceiver(sender.keys);
  }

  close(): void {
    this.#receiver.close();
  }

  step(kind: number, decisions: Decisions): void {
    if (kind % 4 === 3) {
      this.#open(decisions.block());
    } else if (kind % 4 === 2 && this.#sent.length > 0) {
      const old = this.#sent[decisions.byte() % this.#sent.length]!;
      must(this.#open(old) === undefined, 'a packet is opened once');
      must(this.#open(spoilt(old, decisions)) === undefined, 'a changed packet is not opened');
    } else {
      this.#seal(decisions);
    }
    const { authenticationFailures, replayed } = this.#receiver;
    must(this.#opened + authenticationFailures + replayed === this.#given, 'each is counted');
  }

  #seal(decisions: Decisions): void {
    const step = decisions.signed();
    this.#sequenceNumber = (this.#sequenceNumber + step * (step % 3 === 0 ? 200 : 1)) & 0xffff;
    const ssrc = decisions.byte();
    this.#plain[0] = 0x80;
    this.#plain.writeUInt16BE(this.#sequenceNumber, 2);
    this.#plain.writeUInt32BE(ssrc, 8);
    const payload = decisions.block();
    const packet = this.#sender.rtp(Buffer.from(this.#plain), payload);
    const { replayed } = this.#receiver;
    must(this.#open(spoilt(packet, decisions)) === undefined, 'a changed packet is not opened');
    const { replayed: replayedNow } = this.#receiver;
    if (replayedNow !== replayed) return;
    const opened = this.#open(packet);
    // Far back it may be too old to tell; everything else is opened.
    if (opened === undefined) return;
    must(opened.equals(payload), 'what is opened is what was sealed');
    this.#sent.push(packet);
  }

  #open(packet: Buffer): Buffer | undefined {
    const before = Buffer.from(packet);
    if (!this.#header.parse(packet, packet.length - this.#receiver.overhead)) return undefined;
    this.#given++;
    const opened = this.#receiver.open(packet, this.#header);
    must(packet.equals(before), 'the datagram is not changed');
    if (opened !== undefined) this.#opened++;
    return opened;
  }
}

class RtcpCheck {
  readonly #sender: SrtpSender;
  readonly #receiver: SrtcpReceiver;
  readonly #sent: Buffer[] = [];
  #given = 0;
  #opened = 0;

  constructor(sender: SrtpSender) {
    this.#sender = sender;
    this.#receiver = new SrtcpReceiver(sender.keys);
  }

  step(kind: number, decisions: Decisions): void {
    if (kind % 4 === 3) {
      this.#open(decisions.block());
    } else if (kind % 4 === 2 && this.#sent.length > 0) {
      const old = this.#sent[decisions.byte() % this.#sent.length]!;
      must(this.#open(old) === undefined, 'a packet is opened once');
      must(this.#open(spoilt(old, decisions)) === undefined, 'a changed packet is not opened');
    } else {
      const plain = Buffer.concat([Buffer.of(0x80, 200, 0, 1, 0, 0, 0, decisions.byte())]);
      const whole = Buffer.concat([plain, decisions.block()]);
      const packet = this.#sender.rtcp(whole);
      must(this.#open(spoilt(packet, decisions)) === undefined, 'a changed packet is not opened');
      const opened = this.#open(packet);
      must(opened?.equals(whole) === true, 'what is opened is what was sealed');
      this.#sent.push(packet);
    }
    const { authenticationFailures, replayed, malformed } = this.#receiver;
    const counted = this.#opened + authenticationFailures + replayed + malformed;
    must(counted === this.#given, 'each is counted');
  }

  #open(packet: Buffer): Buffer | undefined {
    this.#given++;
    const opened = this.#receiver.open(packet);
    if (opened !== undefined) this.#opened++;
    return opened;
  }
}
