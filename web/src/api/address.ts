/** An address of the recorder. @param path relative to the console, so that it also works below a path of a reverse proxy */
export function address(path: string): string {
  return new URL(path, document.baseURI).href;
}

/**
 * Address of a stored object. Folder names may hold literal `%`, so each part of the path is
 * encoded by itself.
 * @param path object path below the storage root, with `/`
 */
export function objectAddress(path: string): string {
  return address(`api/record/object/${path.split('/').map(encodeURIComponent).join('/')}`);
}

/** Address that a WHIP client publishes a stream to (RFC 9725 §4.2). */
export function whipAddress(stream: string): string {
  return address(`whip/${encodeURIComponent(stream)}`);
}
