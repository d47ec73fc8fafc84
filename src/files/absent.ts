/**
 * Takes the error of a file or folder that does not exist for an answer: `readFile(path).catch(absent)`.
 * @throws every other error
 */
export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** The same where a part of the path may be a file: below that there is nothing either. */
export function absentBelow(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOTDIR') absent(error);
}
