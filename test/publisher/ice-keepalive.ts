import type { Candidate, Connection, Message } from 'werift';

const INTERVAL_MS = 2000;

/**
 * Checks the nominated way every two seconds, as browsers do. Left alone werift checks every 4 to 6 s,
 * and a real Live777 node takes a publisher for disconnected after 5 s without one.
 */
export function keepAlive(ice: Connection): NodeJS.Timeout {
  const { buildRequest } = ice as unknown as {
    buildRequest(parameters: object): Message;
  };
  const check = (): void => {
    const { nominated, remotePassword, remoteUsername, localUsername, iceControlling } = ice;
    if (nominated === undefined) return;
    const localCandidate: Candidate = nominated.localCandidate;
    const parameters = { remoteUsername, localUsername, iceControlling, localCandidate };
    const request = buildRequest.call(ice, { ...parameters, nominate: ice.remoteIsLite });
    request.addMessageIntegrity(Buffer.from(remotePassword)).addFingerprint();
    nominated.protocol.sendStun(request, nominated.remoteAddr).catch(() => {});
  };
  return setInterval(check, INTERVAL_MS).unref();
}
