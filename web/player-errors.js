import { faultOfToken } from './recorder-api.js';

/** @typedef {typeof import('shaka-player').default} Shaka the player's namespace */

/**
 * Whether a Shaka error is over once the recorder answers again.
 * @param {any} error
 * @param {Shaka} shaka
 */
export function isPassing(error, shaka) {
  const { Code } = shaka.util.Error;
  if (error?.code === Code.BAD_HTTP_STATUS) return error.data[1] >= 500;
  return error?.code === Code.HTTP_ERROR || error?.code === Code.TIMEOUT;
}

/**
 * What went wrong in the player, in words.
 * @param {any} error a Shaka error (`category`, `code`, `data`), or any other
 * @param {Shaka} shaka for the names of its codes
 */
export function playerErrorInWords(error, shaka) {
  const { Code, Category } = shaka.util.Error;
  switch (error?.code) {
    case undefined:
      return `The recording cannot be played: ${error?.message ?? error}.`;
    case Code.BAD_HTTP_STATUS: {
      const [, status] = error.data;
      if (status === 404) return 'This recording, or a part of it, is not there (404).';
      if (status === 401) return faultOfToken();
      if (status === 403) return 'This access token does not allow watching recordings.';
      return `The recorder answered ${status} when asked for the recording.`;
    }
    case Code.HTTP_ERROR:
    case Code.TIMEOUT:
      return 'The recorder does not answer.';
    case Code.DASH_INVALID_XML:
    case Code.DASH_EMPTY_ADAPTATION_SET:
    case Code.DASH_EMPTY_PERIOD:
      return 'The manifest of this recording holds nothing that can be played.';
    case Code.CONTENT_UNSUPPORTED_BY_BROWSER:
    case Code.RESTRICTIONS_CANNOT_BE_MET:
      return 'This browser cannot decode the codecs of this recording.';
    case Code.VIDEO_ERROR:
      return `The browser could not decode the recording (${error.data.slice(1).join(', ')}).`;
    default: {
      const category = nameOf(Category, error.category);
      const code = nameOf(Code, error.code);
      return `The recording cannot be played (${category ?? 'error'}: ${code ?? error.code}).`;
    }
  }
}

/**
 * The name that a number has in one of the player's tables.
 * @param {object} table
 * @param {number} value
 */
function nameOf(table, value) {
  return Object.entries(table).find(([, each]) => each === value)?.[0];
}
