import { classes, Message, methods, parseMessage } from 'werift';

/** A STUN binding request whose integrity was checked (RFC 8445 §7.3). */
export interface BindingRequest {
  /** Our user fragment, that the request was made with. */
  ufrag: string;
  /** USE-CANDIDATE is there. */
  nominates: boolean;
  /** The peer takes itself for the controlled agent. */
  controlled: boolean;
  transactionId: Buffer;
}

/**
 * Reads an ICE connectivity check.
 * @param passwordOf our password that belongs to one of our user fragments
 * @returns `undefined` for anything but a binding request with valid MESSAGE-INTEGRITY
 */
export function readBindingRequest(
  datagram: Buffer,
  passwordOf: (ufrag: string) => string | undefined,
): BindingRequest | undefined {
  const unchecked = parseMessage(datagram);
  if (
    unchecked?.messageMethod !== methods.BINDING ||
    unchecked.messageClass !== classes.REQUEST ||
    !unchecked.attributesKeys.includes('USERNAME')
  ) {
    return undefined;
  }
  const username = String(unchecked.getAttributeValue('USERNAME'));
  const ufrag = username.slice(0, username.indexOf(':'));
  const password = passwordOf(ufrag);
  if (password === undefined) return undefined;
  const message = parseMessage(datagram, Buffer.from(password));
  if (message === undefined) return undefined;
  return {
    ufrag,
    nominates: message.attributesKeys.includes('USE-CANDIDATE'),
    controlled: message.attributesKeys.includes('ICE-CONTROLLED'),
    transactionId: message.transactionId,
  };
}

/** Writes the answer to a check: the address it was seen to come from (RFC 8489 §6.3.1.1). */
export function bindingSuccessResponse(
  request: BindingRequest,
  address: string,
  port: number,
  password: string,
): Buffer {
  return new Message(methods.BINDING, classes.RESPONSE, request.transactionId)
    .setAttribute('XOR-MAPPED-ADDRESS', [address, port])
    .addMessageIntegrity(Buffer.from(password))
    .addFingerprint().bytes;
}

/** Writes the refusal of a check (RFC 8489 §6.3.1.2). */
export function bindingErrorResponse(
  request: BindingRequest,
  code: number,
  reason: string,
  password: string,
): Buffer {
  return new Message(methods.BINDING, classes.ERROR, request.transactionId)
    .setAttribute('ERROR-CODE', [code, reason])
    .addMessageIntegrity(Buffer.from(password))
    .addFingerprint().bytes;
}
