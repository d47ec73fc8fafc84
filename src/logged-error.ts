/** An error in a line of the log: plain data, which crosses threads too. */
export interface LoggedError {
  /** Name of the error's class. */
  type: string;
  /** The message, with those of its causes. */
  message: string;
  /** Of a system call or a provider, such as `ENOSPC`. */
  code?: string;
  /** Only of an error that the program does not expect, which is a fault in it. */
  stack?: string;
}

/** Errors that JavaScript and Node throw at faults; every expected error has a name of its own. */
const NAMES_OF_FAULTS = new Set([
  ...['Error', 'TypeError', 'RangeError', 'SyntaxError', 'ReferenceError', 'URIError', 'EvalError'],
  ...['AggregateError', 'AssertionError'],
]);

/**
 * What the log says of an error. Nothing but these four, because errors of HTTP clients carry whole
 * requests, with their credentials.
 */
export function loggedError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return isLogged(error) ? error : ofOther(error);
  const { name, code, stack } = error as Error & { code?: unknown };
  return {
    type: name,
    message: messageOf(error),
    ...(typeof code === 'string' && { code }),
    ...(isFault(error) && stack !== undefined && { stack }),
  };
}

/**
 * The errors of a system call have a code such as `ENOSPC`, the faults that Node finds `ERR_…`. What
 * has only expected causes, such as a failed `fetch`, is expected.
 */
function isFault(error: Error, depth = 0): boolean {
  const { name, code } = error as Error & { code?: unknown };
  if (!NAMES_OF_FAULTS.has(name)) return false;
  if (typeof code === 'string') return code.startsWith('ERR_');
  const causes = depth === MOST_CAUSES ? [] : causesOf(error);
  if (causes.length === 0) return true;
  return causes.some((cause) => !(cause instanceof Error) || isFault(cause, depth + 1));
}

/** The errors that an error was made of. */
function causesOf(error: Error): unknown[] {
  const parts = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return [...parts, ...(error.cause === undefined ? [] : [error.cause])];
}

function messageOf(error: Error, depth = 0): string {
  const causes = causesOf(error);
  if (causes.length === 0 || depth === MOST_CAUSES) return error.message;
  const told = causes.map((cause) =>
    cause instanceof Error ? messageOf(cause, depth + 1) : String(cause),
  );
  return [...(error.message === '' ? [] : [error.message]), told.join('; ')].join(': ');
}

/** Causes of causes that are told; a circle of them ends there. */
const MOST_CAUSES = 5;

/** An error that another thread has described already. */
function isLogged(value: unknown): value is LoggedError {
  return typeof value === 'object' && value !== null && 'type' in value && 'message' in value;
}

function ofOther(value: unknown): LoggedError {
  return { type: typeof value, message: String(value) };
}
