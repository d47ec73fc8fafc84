import { Refusal, type RefusalReason } from '../refusal.ts';

/** Why a call failed, as plain data: an error loses its class when it crosses a thread boundary. */
export interface CallFailure {
  type: 'failure';
  /** Id of the call. */
  id: number;
  message: string;
  /** Present for a {@link Refusal}. */
  reason?: RefusalReason;
  stack?: string;
}

/** Converts an error to the message that is sent. @param id of the call */
export function failureOf(id: number, error: Error): CallFailure {
  const { message, stack } = error;
  return {
    type: 'failure',
    id,
    message,
    ...(error instanceof Refusal && { reason: error.reason }),
    ...(stack !== undefined && { stack }),
  };
}

/** Restores the error that was sent. */
export function errorOf({ message, reason, stack }: CallFailure): Error {
  if (reason !== undefined) return new Refusal(reason, message);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
