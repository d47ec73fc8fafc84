import { faultOfToken, messageOf } from '../api/request.ts';
import { words } from '../words/language.ts';
import type { Shaka } from './shaka.ts';

/** An error as Shaka reports it. */
export interface ShakaError {
  category: number;
  code: number;
  data: unknown[];
}

function isShakaError(error: unknown): error is ShakaError {
  return typeof error === 'object' && error !== null && 'code' in error && 'data' in error;
}

/** Whether a Shaka error is over once the recorder answers again. */
export function isPassing(error: unknown, { util }: Shaka): boolean {
  if (!isShakaError(error)) return false;
  const { Code } = util.Error;
  if (error.code === Code.BAD_HTTP_STATUS) return Number(error.data[1]) >= 500;
  return error.code === Code.HTTP_ERROR || error.code === Code.TIMEOUT;
}

/** Whether there is no such manifest. */
export function isMissing(error: unknown, { util, net }: Shaka): boolean {
  if (!isShakaError(error) || error.code !== util.Error.Code.BAD_HTTP_STATUS) return false;
  const [, status, , , type] = error.data;
  return status === 404 && type === net.NetworkingEngine.RequestType.MANIFEST;
}

/** Whether a load was given up for another one: our own doing. */
export function isInterruption(error: unknown, { util }: Shaka): boolean {
  return isShakaError(error) && error.code === util.Error.Code.LOAD_INTERRUPTED;
}

/**
 * What went wrong in the player, in words.
 * @param shaka for the names of its codes; undefined where the library itself is missing
 */
export function playerErrorInWords(error: unknown, shaka: Shaka | undefined): string {
  const say = words.peek();
  if (shaka === undefined || !isShakaError(error)) return say.notPlayable(messageOf(error));
  const { Code, Category } = shaka.util.Error;
  switch (error.code) {
    case Code.BAD_HTTP_STATUS: {
      const status = Number(error.data[1]);
      if (status === 404) return say.partMissing;
      if (status === 401) return faultOfToken();
      if (status === 403) return say.watchForbidden;
      if (status === 409) return say.recordingUnreadable;
      return say.answeredForRecording(status);
    }
    case Code.HTTP_ERROR:
    case Code.TIMEOUT:
      return say.noAnswer;
    case Code.DASH_INVALID_XML:
    case Code.DASH_EMPTY_ADAPTATION_SET:
    case Code.DASH_EMPTY_PERIOD:
      return say.manifestEmpty;
    case Code.CONTENT_UNSUPPORTED_BY_BROWSER:
    case Code.RESTRICTIONS_CANNOT_BE_MET:
      return say.codecUnknown;
    case Code.VIDEO_ERROR:
      return say.decodeFailed(error.data.slice(1).join(', '));
    default:
      return say.notPlayableCode(nameOf(Category, error.category), nameOf(Code, error.code));
  }
}

/** The name that a number has in one of the player's tables. */
function nameOf(table: object, value: number): string {
  return Object.entries(table).find(([, each]) => each === value)?.[0] ?? String(value);
}
