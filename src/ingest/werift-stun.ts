import { classes, Message, methods } from 'werift';
import type { BindingRequest } from './binding-request.ts';

/**
 * Writes the success response to a check, with the address from which it came (RFC 8489 §6.3.1.1).
 */
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

/** Writes the error response to a check (RFC 8489 §6.3.1.2). */
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
