import { hash } from 'node:crypto';

/**
 * Weight of a place for a key in rendezvous hashing (Thaler and Ravishankar, 1998). A key belongs
 * to the place with the highest weight; when a place is added or removed, only its own keys move.
 * The same on every machine.
 * @returns an integer below 2^48
 */
export function rendezvousWeight(key: string, place: string): number {
  // The length prefix makes the text of each pair unique.
  const digest = hash('sha256', `${key.length}:${key}${place}`, 'buffer');
  return digest.readUIntBE(0, 6);
}

/**
 * Which of `count` recorders is responsible for a stream. Each gets about the same number of
 * streams, and another recorder moves only the streams that it gets itself.
 * @param count number of recorders, at least 1
 * @returns 0 to `count - 1`
 */
export function shardOf(stream: string, count: number): number {
  let owner = 0;
  let strongest = -1;
  for (let index = 0; index < count; index++) {
    const weight = rendezvousWeight(stream, String(index));
    if (weight > strongest) {
      owner = index;
      strongest = weight;
    }
  }
  return owner;
}
