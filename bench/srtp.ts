import { SrtpSession, RtpHeader as WeriftHeader } from 'werift';
import { RtpHeader } from '../src/rtp/rtp-header.ts';
import type { SrtpProfile } from '../src/rtp/srtp-keys.ts';
import { SrtpReceiver } from '../src/rtp/srtp-receiver.ts';

const profiles: [SrtpProfile, 1 | 7, number][] = [
  ['AES_CM_128_HMAC_SHA1_80', 1, 14],
  ['AEAD_AES_128_GCM', 7, 12],
];
const packets = 20_000;
const rounds = 5;
const payloadBytes = 1150;

/** Prints the CPU time that opening one SRTP packet takes, for both profiles, in µs. */
export async function run(): Promise<void> {
  for (const [profile, number, saltBytes] of profiles) {
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
    const datagrams = Array.from({ length: packets }, (_, sequenceNumber) =>
      session.encrypt(
        Buffer.alloc(payloadBytes, sequenceNumber),
        new WeriftHeader({ sequenceNumber, ssrc: 0xfedcba98, payloadType: 96, timestamp: 0 }),
      ),
    );
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const receiver = new SrtpReceiver({ profile, masterKey, masterSalt });
      const header = new RtpHeader();
      const before = process.threadCpuUsage();
      for (const datagram of datagrams) {
        header.parse(datagram, datagram.length - receiver.overhead);
        receiver.open(datagram, header);
      }
      const used = process.threadCpuUsage(before);
      if (receiver.authenticationFailures > 0) throw new Error('packets did not authenticate');
      times.push((used.user + used.system) / packets);
    }
    const best = Math.min(...times).toFixed(1);
    console.log(`srtp ${profile}: ${best} µs of CPU a packet of ${payloadBytes} bytes`);
  }
}

if (import.meta.main) await run();
