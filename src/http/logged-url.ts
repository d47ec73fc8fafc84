/** Query parameters whose values nobody may read in a log. */
const SECRET_PARAMETER =
  /([?&][^=&]*(?:token|secret|password|signature|credential|key)[^=&]*=)[^&]*/gi;

/** The path and query of a request for the log, without the values of tokens and the like in it. */
export function loggedUrl(url: string): string {
  return url.includes('?') ? url.replace(SECRET_PARAMETER, '$1…') : url;
}
