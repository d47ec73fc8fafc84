/**
 * Converts the error for a missing file or folder to undefined: `readFile(path).catch(absent)`.
 * @throws every other error
 */
export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** The same if a part of the path may be a file, below which nothing exists. */
export function absentBelow(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOTDIR') absent(error);
}
