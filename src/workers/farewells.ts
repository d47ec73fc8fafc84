import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { FAREWELL_COPIES, type Farewell } from '../ingest/farewell.ts';

/**
 * The datagrams that end the sessions of a worker thread if the thread dies: only the thread has
 * their keys and sockets, so it prepares them in advance. One per connected session.
 */
export class Farewells {
  readonly #bySession = new Map<string, Farewell>();

  /** Number of sessions with a farewell. */
  get size(): number {
    return this.#bySession.size;
  }

  /** Replaces the farewell of a session; `undefined` once the session has ended. */
  note(session: string, farewell: Farewell | undefined): void {
    if (farewell === undefined) this.#bySession.delete(session);
    else this.#bySession.set(session, farewell);
  }

  /**
   * Sends all farewells, each from the port of its session. Call it when the thread has closed its
   * sockets. Resolves when the ports are free again.
   * @returns how many were sent; one whose port is in use again cannot be sent
   */
  async say(): Promise<number> {
    const farewells = [...this.#bySession.values()];
    this.#bySession.clear();
    const said = await Promise.all(farewells.map((farewell) => say(farewell)));
    return said.filter(Boolean).length;
  }
}

/** Resolves with false if the datagram cannot be sent. */
function say({ path: { local, remote }, datagram }: Farewell): Promise<boolean> {
  return new Promise((resolve) => {
    const isIpv6 = isIP(local.address) === 6;
    const socket = createSocket({ type: isIpv6 ? 'udp6' : 'udp4', ipv6Only: isIpv6 });
    let isOver = false;
    const end = (isSaid: boolean): void => {
      if (isOver) return;
      isOver = true;
      socket.close(() => resolve(isSaid));
    };
    socket.on('error', () => end(false));
    socket.bind({ ...local, exclusive: true }, () => {
      let failed = 0;
      let left = FAREWELL_COPIES;
      for (let sent = 0; sent < FAREWELL_COPIES; sent++) {
        socket.send(datagram, remote.port, remote.address, (error) => {
          if (error) failed++;
          if (--left === 0) end(failed < FAREWELL_COPIES);
        });
      }
    });
  });
}
