/**
 * Takes the error of a file or folder that does not exist for an answer: `readFile(path).catch(absent)`.
 * @throws every other error
 */
export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
