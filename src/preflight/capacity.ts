import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { DiskSpeed } from './disk-speed.ts';
import type { CheckResult } from './result.ts';

/** A usual stream: 2.5 Mbit/s of picture in packets of 1150 bytes, and 50 packets of Opus a second. */
const STREAM_BYTES_PER_SECOND = 320_000;
const STREAM_PACKETS_PER_SECOND = 322;

/**
 * CPU time from datagram to file, and of {@link decipher} there, µs a packet: figures of one machine
 * (`npm run bench -- streams`), whose ratio holds elsewhere too.
 */
const REFERENCE = { wholeWayUs: 19.3, decipherUs: 4.2 };

/** Share of a worker's time, and of the disk's rate, that is planned for. */
const LOAD = 0.7;

/** How long the processor is measured, ms. */
const MEASURE_MS = 200;

/**
 * Estimates how many usual streams this machine can record.
 * @param workers `[recorder] workers`
 * @param disk absent if the disk could not be measured
 * @param freeBytes free space of the disk
 */
export function estimateCapacity(
  workers: number,
  disk?: DiskSpeed,
  freeBytes?: number,
): CheckResult {
  const packetUs = (REFERENCE.wholeWayUs * decipherUs()) / REFERENCE.decipherUs;
  const byProcessor = Math.floor((workers * LOAD * 1e6) / (packetUs * STREAM_PACKETS_PER_SECOND));
  const byDisk = disk && Math.floor((disk.bytesPerSecond * LOAD) / STREAM_BYTES_PER_SECOND);
  const streams = Math.min(byProcessor, byDisk ?? byProcessor);
  const limit =
    streams === byProcessor
      ? workers === 1
        ? 'one worker thread'
        : `${workers} worker threads`
      : 'the disk';
  const hours =
    freeBytes && streams > 0 ? freeBytes / (streams * STREAM_BYTES_PER_SECOND) / 3600 : 0;
  const space = hours > 0 ? `, whose recordings fill the free space in ${duration(hours)}` : '';
  return {
    name: 'capacity',
    state: streams > 0 ? 'ok' : 'warning',
    message: `about ${streams} streams of 2.5 Mbit/s, limited by ${limit}${space}`,
    figures: {
      streams,
      streams_by_processor: byProcessor,
      ...(byDisk !== undefined && { streams_by_disk: byDisk }),
      ...(hours > 0 && { hours_until_full: Math.round(hours * 10) / 10 }),
    },
  };
}

function duration(hours: number): string {
  return hours < 48 ? `${hours.toFixed(1)} hours` : `${Math.round(hours / 24)} days`;
}

/** Time in which this machine's processor deciphers a packet of 1150 bytes, µs. */
function decipherUs(): number {
  const key = Buffer.alloc(16, 1);
  const nonce = Buffer.alloc(12, 2);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  const encrypted = Buffer.concat([cipher.update(Buffer.alloc(1150, 3)), cipher.final()]);
  const tag = cipher.getAuthTag();
  const before = process.threadCpuUsage();
  let packets = 0;
  for (const end = performance.now() + MEASURE_MS; performance.now() < end; packets++) {
    const decipher = createDecipheriv('aes-128-gcm', key, nonce);
    decipher.setAuthTag(tag);
    decipher.update(encrypted);
    decipher.final();
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / packets;
}
