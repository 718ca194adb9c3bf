/**
 * Cuts a byte stream into lines, wherever the chunks end (inside a character too). Returns a function that takes chunks
 * and says false, from then on, when a line is longer than `limitBytes`.
 */
export function splitLines(limitBytes: number, onLine: (line: string) => void): (chunk: Buffer) => boolean {
  let parts: Buffer[] = [];
  let bytes = 0;
  let tooLong = false;
  return (chunk) => {
    let rest = chunk;
    while (!tooLong && rest.length > 0) {
      const end = rest.indexOf(0x0a);
      const piece = end === -1 ? rest : rest.subarray(0, end);
      bytes += piece.length;
      tooLong = bytes > limitBytes;
      if (tooLong) break;
      parts.push(piece);
      if (end === -1) break;
      const line = Buffer.concat(parts).toString('utf8').trim();
      parts = [];
      bytes = 0;
      if (line !== '') onLine(line);
      rest = rest.subarray(end + 1);
    }
    if (tooLong) parts = [];
    return !tooLong;
  };
}
