/** An address of the recorder. @param path relative to the console, so that it also works below a path of a reverse proxy */
export function address(path: string): string {
  return new URL(path, document.baseURI).href;
}

/** Address that a WHIP client publishes a stream to (RFC 9725 §4.2). */
export function whipAddress(stream: string): string {
  return address(`whip/${encodeURIComponent(stream)}`);
}
