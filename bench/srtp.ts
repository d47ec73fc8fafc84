import { SrtpSession, RtpHeader as WeriftHeader } from 'werift';
import { RtpHeader } from '../src/rtp/rtp-header.ts';
import type { SrtpProfile } from '../src/rtp/srtp-keys.ts';
import { SrtpReceiver } from '../src/rtp/srtp-receiver.ts';

const PROFILES: [SrtpProfile, 1 | 7, number][] = [
  ['AES_CM_128_HMAC_SHA1_80', 1, 14],
  ['AEAD_AES_128_GCM', 7, 12],
];
const PACKETS = 20_000;
const ROUNDS = 5;
const PAYLOAD_BYTES = 1150;

/** Prints the CPU time that opening one SRTP packet takes, for both profiles, in µs. */
export async function run(): Promise<void> {
  for (const [profile, number, saltBytes] of PROFILES) {
    const masterKey = Buffer.alloc(16, 1);
    const masterSalt = Buffer.alloc(saltBytes, 2);
    const session = new SrtpSession({
      profile: number,
      keys: {
        localMasterKey: masterKey,
        localMasterSalt: masterSalt,
        remoteMasterKey: masterKey,
        remoteMasterSalt: masterSalt,
      },
    });
    const datagrams = Array.from({ length: PACKETS }, (_, sequenceNumber) =>
      session.encrypt(
        Buffer.alloc(PAYLOAD_BYTES, sequenceNumber),
        new WeriftHeader({ sequenceNumber, ssrc: 0xfedcba98, payloadType: 96, timestamp: 0 }),
      ),
    );
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      times.push(openAll(new SrtpReceiver({ profile, masterKey, masterSalt }), datagrams));
    }
    const best = Math.min(...times).toFixed(1);
    console.log(`srtp ${profile}: ${best} µs of CPU a packet of ${PAYLOAD_BYTES} bytes`);
  }
}

/** Opens all packets. @returns µs of CPU a packet */
function openAll(receiver: SrtpReceiver, datagrams: readonly Buffer[]): number {
  const header = new RtpHeader();
  const before = process.threadCpuUsage();
  for (const datagram of datagrams) {
    if (header.parse(datagram, datagram.length - receiver.overhead))
      receiver.open(datagram, header);
  }
  const used = process.threadCpuUsage(before);
  receiver.close();
  if (receiver.authenticationFailures > 0) throw new Error('packets did not authenticate');
  return (used.user + used.system) / datagrams.length;
}

if (import.meta.main) await run();
