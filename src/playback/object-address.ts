/**
 * Address of a recorded object for `GET /api/record/object/{path}`.
 * @param root what stands before the object path: ends in a slash
 * @param path object path, or one of a folder with a slash at its end
 */
export function objectAddress(root: string, path: string): string {
  return root + path.split('/').map(encodeURIComponent).join('/');
}
