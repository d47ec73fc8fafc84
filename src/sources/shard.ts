import { hash } from 'node:crypto';

/**
 * How strongly a key is drawn to a place: rendezvous hashing (Thaler and Ravishankar, 1998). The
 * key belongs to the place with the highest weight; when a place comes or goes, only the keys move
 * that belong to it. The same on every machine.
 * @returns a whole number below 2^48
 */
export function rendezvousWeight(key: string, place: string): number {
  // The length first, so that no two pairs are the same text.
  const digest = hash('sha256', `${key.length}:${key}${place}`, 'buffer');
  return digest.readUIntBE(0, 6);
}

/**
 * Which of `count` recorders takes care of a stream: exactly one, each of about the same number of
 * streams; when another recorder is added, only the streams move that become its own.
 * @param count how many recorders there are, at least 1
 * @returns from 0 to `count - 1`
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
